#!/bin/sh
# Build, push and scan one model's image: push-image.sh <model>, from the root of the repository.
#
# The tag is a hash of the Dockerfile (the platform's, or the model's own) and the lock, so a tag
# that exists is this very image: it is not built again, but its scan is judged again. A critical
# finding ends the step, unless its name stands in model_code/<model>/accepted-findings.txt.
set -eu

model=$1
folder="model_code/$(printf '%s' "$model" | tr - _)"
dockerfile="$folder/Dockerfile"
[ -f "$dockerfile" ] || dockerfile=mlops/serving/Dockerfile
uri=$(.venv/bin/mlops pipeline image "$model")
registry=${uri%%/*}
name=${uri#*/}
repository=${name%:*}
tag=${name##*:}

exists() {
    aws ecr describe-images --repository-name "$repository" --image-ids "imageTag=$tag" >/dev/null
}

build_and_push() {
    aws ecr get-login-password | docker login --username AWS --password-stdin "$registry"
    docker build --tag "$uri" --file "$dockerfile" "$folder"
    docker push "$uri"
}

# One name a line. Basic scanning, which the repository asks for; enhanced scanning has no end to wait for.
critical() {
    report=$(aws ecr describe-image-scan-findings --repository-name "$repository" \
        --image-id "imageTag=$tag" --output json)
    # One program a line: without `pipefail`, a pipe hides the failure of all but its last.
    printf '%s' "$report" |
        jq -r '.imageScanFindings.findings[] | select(.severity == "CRITICAL") | .name'
}

if exists; then
    echo "$uri exists"
else
    build_and_push
fi

aws ecr wait image-scan-complete --repository-name "$repository" --image-id "imageTag=$tag"
accepted="$folder/accepted-findings.txt"
found=$(critical)
if [ -f "$accepted" ]; then
    found=$(printf '%s\n' "$found" | grep -vxFf "$accepted" || true)
fi
if [ -n "$found" ]; then
    printf 'critical findings in %s that nobody accepted:\n%s\n' "$uri" "$found" >&2
    exit 1
fi
echo "$uri is scanned: no critical finding that nobody accepted"
