import assert from 'node:assert/strict';
import {execFileSync} from 'node:child_process';
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import test from 'node:test';
import {
  appendToFile,
  fileExists,
  listDirectory,
  readFileBytes,
  readFileText,
  removeLeftovers,
  removeUnfinished,
  requireWritable,
  sha256OfFile,
  withOpenFile,
  writeFileAtomically,
  writeFilesAtomically,
} from '../../src/formats/files.js';
import {withOpenSource} from '../../src/formats/source.js';
import {temporaryFolder} from '../support/temporary-folder.js';

test('a file is written whole, with its folders, and nothing else is left', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'a', 'b', 'result.bin');
  await writeFileAtomically(path, Uint8Array.of(1, 2, 3));
  assert.deepEqual(await readFileBytes(path), Uint8Array.of(1, 2, 3));
  await writeFileAtomically(path, 'four');
  assert.equal(await readFileText(path), 'four');
  assert.deepEqual(await readdir(join(folder, 'a', 'b')), ['result.bin']);
});

test('many may create the same folders at once', async (t) => {
  const folder = await temporaryFolder(t);
  const names = Array.from({length: 20}, (_, n) => join(folder, 'a', 'b', 'c', 'd', `${n}.txt`));
  await Promise.all(names.map((name) => writeFileAtomically(name, 'text')));
  assert.equal((await readdir(join(folder, 'a', 'b', 'c', 'd'))).length, names.length);
});

test('a file that cannot be put in place leaves nothing behind', async (t) => {
  const folder = await temporaryFolder(t);
  await mkdir(join(folder, 'taken', 'inside'), {recursive: true});
  await assert.rejects(writeFileAtomically(join(folder, 'taken'), 'text'), {code: 'E_IO'});
  await writeFile(join(folder, 'file'), '');
  const below = join(folder, 'file', 'below.txt');
  await assert.rejects(writeFileAtomically(below, 'text'), {
    code: 'E_IO',
    message: `${below}: cannot be written: a part of this path is a file, not a folder.`,
  });
  assert.deepEqual(await listDirectory(folder), ['file', 'taken']);
});

test('a link stays and its target is written, also one that is not there yet; permissions stay', async (t) => {
  const folder = await temporaryFolder(t);
  const path = (name: string) => join(folder, name);
  await mkdir(path('far'));
  await writeFile(path('far/private'), 'earlier', {mode: 0o600});
  await chmod(path('far/private'), 0o600);
  await symlink('far/private', path('link'));
  await symlink(path('far/new'), path('dangling'));
  for (const name of ['link', 'dangling']) await writeFileAtomically(path(name), name);
  assert.equal(await readFile(path('far/private'), 'utf8'), 'link');
  assert.equal((await stat(path('far/private'))).mode & 0o777, 0o600);
  assert.equal(await readFile(path('far/new'), 'utf8'), 'dangling');
  assert.equal(await readlink(path('link')), 'far/private');
  assert.deepEqual(await readdir(path('far')), ['new', 'private']);
});

test('a pipe or a device is no place for an output', async (t) => {
  const pipe = join(await temporaryFolder(t), 'pipe');
  execFileSync('mkfifo', [pipe]);
  for (const path of [pipe, '/dev/null']) {
    const error = {
      code: 'E_IO',
      message: `${path}: an output must be a file, got a pipe or a device.`,
    };
    await assert.rejects(requireWritable(path), error);
    await assert.rejects(writeFileAtomically(path, 'text'), error);
  }
  assert.ok((await stat(pipe)).isFIFO());
});

test(
  'a folder of the kernel takes no files: said before anything is computed, and without an end that never comes',
  {skip: process.platform !== 'linux'},
  async () => {
    for (const path of ['/proc/nope/x.nii.gz', '/proc/x', '/sys/nope/deeper/x.json']) {
      const error = {code: 'E_IO', message: new RegExp(`^${path}: cannot be written: `)};
      await assert.rejects(requireWritable(path), error);
      await assert.rejects(writeFileAtomically(path, 'text'), error);
      await assert.rejects(appendToFile(path, 'text'), error);
    }
  },
);

test('names of up to 255 bytes can be written', async (t) => {
  const folder = await temporaryFolder(t);
  for (const name of ['x'.repeat(255), 'ä'.repeat(127), 'x'.repeat(243)]) {
    await writeFileAtomically(join(folder, name), 'text');
    assert.equal(await readFile(join(folder, name), 'utf8'), 'text');
  }
});

test('what is half written goes when the program must end, and when the next run begins', async (t) => {
  const folder = await temporaryFolder(t);
  const writing = writeFileAtomically(join(folder, 'large'), new Uint8Array(1 << 26)).catch(
    () => 0,
  );
  while (!(await readdir(folder)).some((name) => name.startsWith('.tmp-')));
  removeUnfinished();
  assert.ok(!(await readdir(folder)).some((name) => name.startsWith('.tmp-')));
  await writing;
  await writeFile(join(folder, '.tmp-0123abcd-0'), 'left by a killed run');
  await writeFile(join(folder, '.tmp-notes'), 'of somebody else');
  await removeLeftovers(folder);
  assert.ok(!(await readdir(folder)).includes('.tmp-0123abcd-0'));
  assert.ok((await readdir(folder)).includes('.tmp-notes'));
});

test('of several files all are written or none, also where the last name is that of a folder', async (t) => {
  const folder = await temporaryFolder(t);
  const path = (name: string) => join(folder, name);
  await writeFile(path('a'), 'earlier');
  await mkdir(path('taken'));
  const files = ['a', 'b', 'taken'].map((name) => ({path: path(name), content: name}));
  await assert.rejects(writeFilesAtomically(files), {
    code: 'E_IO',
    message: `${path('taken')}: cannot be written: this is a folder, not a file.`,
  });
  assert.deepEqual(await readdir(folder), ['a', 'taken']);
  assert.equal(await readFile(path('a'), 'utf8'), 'earlier');
  await writeFilesAtomically(files.slice(0, 2));
  assert.deepEqual(await readdir(folder), ['a', 'b', 'taken']);
});

test('whether a file could be written is known before', async (t) => {
  const folder = await temporaryFolder(t);
  const path = (...names: string[]) => join(folder, ...names);
  await writeFile(path('file'), '');
  await requireWritable(path('new', 'folders', 'result.nii'));
  await requireWritable(path('file'));
  for (const [name, reason] of [
    [folder, 'this is a folder, not a file'],
    [path('file', 'below', 'result.nii'), 'a part of this path is a file, not a folder'],
  ]) {
    const message = `${name}: cannot be written: ${reason}.`;
    await assert.rejects(requireWritable(name), {code: 'E_IO', message});
  }
  assert.deepEqual(await readdir(folder), ['file']);
});

test('ranges are read into memory of their own, and never past the end', async (t) => {
  const path = join(await temporaryFolder(t), 'numbers');
  await writeFile(path, Uint8Array.of(0, 1, 2, 3, 4, 5));
  await withOpenFile(path, async (file) => {
    assert.equal(file.size, 6);
    const range = await file.read(2, 5);
    assert.deepEqual(range, Uint8Array.of(2, 3, 4));
    assert.equal(range.buffer.byteLength, 3);
    await assert.rejects(file.read(4, 9), {
      code: 'E_IO',
      message: `${path}: must hold at least 9 bytes, got 6; the file ended while it was read.`,
    });
  });
});

test('missing files and folders are told from existing ones', async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, 'file');
  assert.equal(await fileExists(path), false);
  await writeFile(path, 'abc');
  assert.equal(await fileExists(path), true);
  assert.equal(await fileExists(folder), false);
  await assert.rejects(listDirectory(path), {
    code: 'E_IO',
    message: `${path}: cannot be read: a part of this path is a file, not a folder.`,
  });
});

test('lines are added to a log', async (t) => {
  const path = join(await temporaryFolder(t), 'run', 'log.jsonl');
  await appendToFile(path, '{"step": 1}\n');
  await appendToFile(path, '{"step": 2}\n');
  assert.equal(await readFile(path, 'utf8'), '{"step": 1}\n{"step": 2}\n');
});

test('a hash is that of the bytes', async (t) => {
  const path = join(await temporaryFolder(t), 'abc');
  await writeFile(path, 'abc');
  // FIPS 180-2, appendix B.1.
  assert.equal(
    await sha256OfFile(path),
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, 'a'), 'a');
  await writeFile(join(folder, 'bc'), 'bc');
  assert.equal(await sha256OfFile(join(folder, 'a'), join(folder, 'bc')), await sha256OfFile(path));
});

test(
  'a pipe is refused before it is opened: nobody may ever fill it',
  {skip: process.platform === 'win32'},
  async (t) => {
    const path = join(await temporaryFolder(t), 'pipe.nii');
    execFileSync('mkfifo', [path]);
    await assert.rejects(readFileBytes(path), {
      code: 'E_IO',
      message: `${path}: must be a file, got a pipe or a device.`,
    });
  },
);

test('bytes are read like a file, under the name that they are given', async () => {
  const source = {name: 'sent.nii', bytes: Uint8Array.of(1, 2, 3, 4)};
  await withOpenSource(source, async (file) => {
    assert.deepEqual([file.path, file.size], ['sent.nii', 4]);
    const read = await file.read(1, 3);
    assert.deepEqual(read, Uint8Array.of(2, 3));
    assert.equal(read.buffer.byteLength, 2); // memory of its own
    await assert.rejects(async () => file.read(2, 5), {
      code: 'E_IO',
      message: 'sent.nii: must hold at least 5 bytes, got 4.',
    });
  });
});

test('a file that no memory holds is refused in a sentence', async (t) => {
  const path = join(await temporaryFolder(t), 'sparse.safetensors');
  const length = 2 ** 43; // without content it takes no space on the disk
  await writeFile(path, '');
  await truncate(path, length);
  await assert.rejects(readFileBytes(path), {
    code: 'E_MEMORY',
    message: `${path}: what is read must fit into memory, got ${length} bytes.`,
  });
});

test('a writer of a name takes up what it left half written when it was killed', async (t) => {
  const folder = await temporaryFolder(t);
  const files = ['a', 'b'].map((name) => ({path: join(folder, name), content: name}));
  const names = new Set<string>();
  for (let n = 0; n < 2; n++) {
    const writing = writeFilesAtomically(
      [{path: join(folder, 'a'), content: new Uint8Array(1 << 25)}],
      {writer: 'pair 1'},
    );
    for (;;) {
      const found = (await readdir(folder)).find((name) => name.startsWith('.tmp-'));
      if (found !== undefined) {
        names.add(found);
        break;
      }
    }
    await writing;
  }
  assert.equal(names.size, 1);
  const [left] = [...names];
  await writeFile(join(folder, left), 'half'); // as if killed
  await writeFilesAtomically(files, {writer: 'pair 2'});
  assert.deepEqual(await readdir(folder), [left, 'a', 'b']);
  await writeFilesAtomically(files, {writer: 'pair 1'});
  assert.deepEqual(await readdir(folder), ['a', 'b']);
  assert.equal(await readFile(join(folder, 'b'), 'utf8'), 'b');
});
