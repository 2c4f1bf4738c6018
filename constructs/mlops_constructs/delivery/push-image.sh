#!/bin/sh
# Build, push and scan one model's image: push-image.sh <model>, from the root of the repository.
#
# The tag is a hash of everything that the image is built from: the Dockerfile (the platform's, or
# the model's own), the lock, what proves an archive, and `delivery.images` of config/stages.yaml. A
# tag that exists is this very image: it is not built again, but it is judged again. A critical finding ends the step where
# its package has a newer version, unless its name stands in
# model_code/<model>/accepted-findings.txt.
set -eu

model=$1
folder="model_code/$(printf '%s' "$model" | tr - _)"
dockerfile="$folder/Dockerfile"
[ -f "$dockerfile" ] || dockerfile=mlops/container/serving/Dockerfile
platform=mlops/rollout
uri=$(.venv/bin/mlops pipeline image "$model")
base=$(.venv/bin/mlops pipeline base-image)
registry=${uri%%/*}
name=${uri#*/}
repository=${name%:*}
tag=${name##*:}
# What CreateModel and the jobs take; it refuses OCI manifests and indexes.
manifest=application/vnd.docker.distribution.manifest.v2+json
remedy="raise delivery.images.revision in config/stages.yaml to build under a new tag"

refuse() {
    printf '%s\n' "$*" >&2
    exit 1
}

exists() {
    aws ecr describe-images --repository-name "$repository" --image-ids "imageTag=$tag" >/dev/null
}

# The region is a part of the address, because a mirror may be elsewhere.
log_in() {
    region=$(printf '%s' "$1" | cut -d. -f4)
    aws ecr get-login-password --region "$region" | docker login --username AWS --password-stdin "$1"
}

build() {
    case ${base%%/*} in
    "$registry") ;;
    *.dkr.ecr.*.amazonaws.com) log_in "${base%%/*}" ;;
    esac
    # One manifest of Docker's media type: an attestation would make an OCI index around it.
    # The context `platform` holds what every image has of the platform, beside the model's folder.
    set -- --platform linux/amd64 --provenance=false --sbom=false --output type=docker --pull \
        --build-context "platform=$platform"
    [ -z "$base" ] || set -- "$@" --build-arg "BASE=$base"
    docker buildx build "$@" --tag "$uri" --file "$dockerfile" "$folder"
}

# Tags never move, so a wrong image must be noticed before it has one.
check_built() {
    built=$(docker image inspect "$uri")
    platform=$(printf '%s' "$built" | jq -r '.[0] | "\(.Os)/\(.Architecture)"')
    user=$(printf '%s' "$built" | jq -r '.[0].Config.User // ""')
    # Only Docker's containerd store names it; the older store pushes no other type.
    type=$(printf '%s' "$built" | jq -r ".[0].Descriptor.mediaType // \"$manifest\"")
    [ "$platform" = linux/amd64 ] || refuse "$dockerfile: built for $platform; allowed: linux/amd64"
    [ "$type" = "$manifest" ] || refuse "$dockerfile: built as $type; allowed: $manifest"
    case $user in
    "" | root | 0 | root:* | 0:*) ;;
    *) refuse "$dockerfile: runs as user $user; allowed: root, because SageMaker mounts /opt/ml" \
        "owned by root; remedy: remove USER" ;;
    esac
}

check_pushed() {
    type=$(aws ecr describe-images --repository-name "$repository" --image-ids "imageTag=$tag" \
        --query 'imageDetails[0].imageManifestMediaType' --output text)
    [ "$type" = "$manifest" ] ||
        refuse "$uri: its manifest is $type; allowed: $manifest; remedy: $remedy"
}

# Name and package, one finding a line. Basic scanning, which the repository asks for; enhanced
# scanning has no end to wait for.
critical() {
    report=$(aws ecr describe-image-scan-findings --repository-name "$repository" \
        --image-id "imageTag=$tag" --output json)
    # One program a line: without `pipefail`, a pipe hides the failure of all but its last.
    printf '%s' "$report" |
        jq -r '.imageScanFindings.findings[] | select(.severity == "CRITICAL") |
            "\(.name) \([.attributes[]? | select(.key == "package_name") | .value][0] // "")"'
}

# The packages of the image of which its distribution has a newer version, by their own names and
# by those of their sources: basic scanning does not say whether a finding has a fix.
outdated() {
    # shellcheck disable=SC2016 # the container's shell expands it
    docker run --rm --platform linux/amd64 --user 0 --entrypoint sh "$uri" -ec '
        apt-get -qq update
        newer=$(apt-get -qq --simulate dist-upgrade)
        printf "%s\n" "$newer" | while read -r action package _; do
            [ "$action" != Inst ] || dpkg-query -W -f "\${Package}\n\${source:Package}\n" "$package"
        done'
}

# Those that nobody accepted and that a rebuild would mend. Where the image cannot say what is
# newer, or the scan not in which package it is, a finding counts.
blocking() {
    newer=$1
    while read -r finding package; do
        [ -n "$finding" ] || continue
        [ ! -f "$accepted" ] || ! grep -qxF -- "$finding" "$accepted" || continue
        if [ -z "$package" ] || [ "$newer" = unknown ] ||
            printf '%s\n' "$newer" | grep -qxF -- "$package"; then
            printf '%s %s\n' "$finding" "$package"
        else
            printf 'no fix yet, so not blocking: %s in %s\n' "$finding" "$package" >&2
        fi
    done
}

log_in "$registry"
if exists; then
    echo "$uri exists"
else
    build
    check_built
    docker push "$uri"
fi
check_pushed

aws ecr wait image-scan-complete --repository-name "$repository" --image-id "imageTag=$tag"
accepted="$folder/accepted-findings.txt"
found=$(critical)
if [ -n "$found" ]; then
    newer=$(outdated) || newer=unknown
    found=$(printf '%s\n' "$found" | blocking "$newer")
fi
if [ -n "$found" ]; then
    printf 'critical findings in %s that nobody accepted:\n%s\n' "$uri" "$found" >&2
    refuse "remedy: name a newer base in delivery.images.base, or $remedy"
fi
echo "$uri is scanned: no critical finding that has a fix and that nobody accepted"
