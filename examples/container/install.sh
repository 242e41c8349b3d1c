#!/usr/bin/env bash
# Installs the package of pack.sh for all users, or below PREFIX.
#
#   examples/container/install.sh PACKAGE.tgz [PREFIX]
set -euo pipefail

npm install --global --omit=optional --no-audit --no-fund ${2:+--prefix "$2"} "$(realpath "$1")"
