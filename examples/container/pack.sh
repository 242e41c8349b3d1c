#!/usr/bin/env bash
# Packs hypermorph with the native engine built for this machine inside, so that it installs without a compiler.
#
#   examples/container/pack.sh FOLDER
#
# in the root of the repository, after npm ci. FOLDER gets hypermorph-VERSION.tgz.
set -euo pipefail

mkdir -p "$1"
npm run build
node scripts/build-native.js --prebuild
npm pack --ignore-scripts --pack-destination "$1"
