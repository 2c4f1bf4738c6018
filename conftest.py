"""AWS environment of every test session, whichever folder it runs.

Tests hold credentials that no account knows. Whatever the caller's environment offers is dropped
before the first import: a profile, a container's or an instance's role, a web identity, an endpoint
or a session token that would not belong to the test credentials.
"""

import os

for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]

os.environ |= {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    # botocore reads files in the home folder and in /etc unless these name others.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_CREDENTIAL_FILE": os.devnull,
    "BOTO_CONFIG": os.devnull,
}
