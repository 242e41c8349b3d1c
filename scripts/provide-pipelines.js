// Provides the workflow programs that run the examples in a test: .cache/pipelines with Snakemake, in a Python of its own, and Nextflow,
// as Java archives.
//
//   node scripts/provide-pipelines.js
//
// What cannot be had is named and left out; nothing else needs it, and the tests of those examples are skipped and say so.

import {execFileSync} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';

const folder = join(dirname(fileURLToPath(import.meta.url)), '..', '.cache', 'pipelines');

/** The newest of Nextflow whose parts are all in the central repository. */
const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>hypermorph</groupId>
  <artifactId>pipelines</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>io.nextflow</groupId>
      <artifactId>nextflow</artifactId>
      <version>24.10.0</version>
    </dependency>
  </dependencies>
</project>
`;

const PROGRAMS = [
  {
    name: 'snakemake',
    wanted: 'snakemake==9.27.1',
    provide: (place, wanted) => {
      execFileSync('python3', ['-m', 'venv', place], {stdio: 'inherit'});
      const python = join(place, 'bin', 'python');
      execFileSync(
        python,
        ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', wanted],
        {stdio: 'inherit'},
      );
    },
  },
  {
    name: 'nextflow',
    wanted: POM,
    provide: (place, wanted) => {
      mkdirSync(place, {recursive: true});
      writeFileSync(join(place, 'pom.xml'), wanted);
      execFileSync('java', ['-version'], {stdio: 'ignore'});
      execFileSync(
        'mvn',
        ['--quiet', '--batch-mode', 'dependency:copy-dependencies', '-DoutputDirectory=lib'],
        {cwd: place, stdio: 'inherit'},
      );
    },
  },
];

for (const {name, wanted, provide} of PROGRAMS) {
  const place = join(folder, name);
  const stamp = join(place, 'provided.txt');
  try {
    if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
      rmSync(place, {recursive: true, force: true});
      provide(place, wanted);
      writeFileSync(stamp, wanted);
    }
    console.error(`provide-pipelines: ready: ${place}`);
  } catch (error) {
    rmSync(place, {recursive: true, force: true});
    console.error(`provide-pipelines: could not provide ${name}, it is left out: ${error.message}`);
  }
}
