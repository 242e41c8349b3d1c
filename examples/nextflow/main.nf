// Registers every pair of a table: name, fixed, moving.
//
//   nextflow run main.nf --pairs pairs.csv --results results --options '--lambda 0.3'

params.pairs = 'pairs.csv'
params.results = 'results'
params.options = ''

process REGISTER {
    tag "$name"
    cpus 2
    memory '4 GB'
    publishDir params.results, mode: 'copy'

    input:
    tuple val(name), path(fixed, stageAs: 'fixed/*'), path(moving, stageAs: 'moving/*')

    output:
    tuple val(name), path("${name}_moved.nii.gz"), path("${name}_warp.nii.gz"), path("${name}_affine.txt"), emit: registered
    path "${name}.json", emit: report

    script:
    """
    hypermorph register ${params.options} --threads ${task.cpus} \\
        --moved ${name}_moved.nii.gz --warp ${name}_warp.nii.gz --affine-out ${name}_affine.txt --report ${name}.json \\
        --fixed ${fixed} --moving ${moving}
    """
}

workflow {
    Channel.fromPath(params.pairs, checkIfExists: true)
        | splitCsv(header: true)
        | map { row -> tuple(row.name, file(row.fixed, checkIfExists: true), file(row.moving, checkIfExists: true)) }
        | REGISTER
}
