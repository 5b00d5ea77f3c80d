#!/usr/bin/env bash
# Builds the image of a release and pushes it with the release as its tag, once: a tag that exists is
# the release, and is not built again. So a run may be repeated, and an older release deployed again.
#
# From the environment: IMAGE_REPOSITORY (account.dkr.ecr.region.amazonaws.com/name), RELEASE, REVISION,
# CONTEXT and DOCKERFILE (paths in the checkout), AWS_REGION and credentials.
set -euo pipefail
: "${IMAGE_REPOSITORY:?}" "${RELEASE:?}" "${REVISION:?}" "${CONTEXT:?}" "${DOCKERFILE:?}"

fail() {
    echo "::error::$1"
    exit 1
}

[[ $IMAGE_REPOSITORY =~ ^([0-9]{12})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/([a-z0-9._/-]+)$ ]] ||
    fail 'image_repository must read 123456789012.dkr.ecr.eu-west-1.amazonaws.com/name'
registry_id=${BASH_REMATCH[1]}
repository=${BASH_REMATCH[3]}
# What Docker takes as a tag. Signalbox takes more as a release, but this release names an image.
[[ $RELEASE =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$ ]] ||
    fail 'release must be letters, digits, "_", "." and "-", 128 characters at most, to be the tag of an image'
image="$IMAGE_REPOSITORY:$RELEASE"

if found=$(aws ecr describe-images --registry-id "$registry_id" --repository-name "$repository" \
    --image-ids "imageTag=$RELEASE" --query 'imageDetails[0].imageDigest' --output text 2>&1); then
    echo "$image is there already ($found) and is used as it is"
    exit 0
fi
case $found in
*ImageNotFoundException*) ;;
*) fail "ECR does not say whether $image exists: ${found//$'\n'/ }" ;;
esac

aws ecr get-login-password | docker login --username AWS --password-stdin "${IMAGE_REPOSITORY%%/*}"
docker build --pull --file "$DOCKERFILE" --tag "$image" --label "org.opencontainers.image.revision=$REVISION" "$CONTEXT"
docker push "$image"
docker logout "${IMAGE_REPOSITORY%%/*}"
