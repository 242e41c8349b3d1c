#!/usr/bin/env bash
# Registers the pairs of a table, a share of them by each task of an array. The same command again does what is left.
#
#   sbatch --array=1-8 array.sh pairs.csv --lambda 0.3
#
#SBATCH --job-name=hypermorph
#SBATCH --array=1-4
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=02:00:00
#SBATCH --output=hypermorph_%A_%a.log
set -euo pipefail

table=$1
shift

# Tasks may be counted from any number, such as --array=0-3.
share=$((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN + 1))
exec hypermorph batch "$table" \
    --shard "$share/$SLURM_ARRAY_TASK_COUNT" \
    --threads "$SLURM_CPUS_PER_TASK" \
    --moved 'results/{name}_moved.nii.gz' --warp 'results/{name}_warp.nii.gz' \
    "$@"
