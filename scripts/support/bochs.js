// One program on an emulated processor: a disc with a Linux kernel, the files of the program and a start script, for Bochs.
// Bochs emulates the whole machine, instruction by instruction; it is slow (some 50 million instructions a second), but it has
// instruction sets that this machine may lack.

import {spawn, spawnSync} from 'node:child_process';
import {
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import {dirname, join} from 'node:path';
import {StringDecoder} from 'node:string_decoder';
import {clearInterval, setInterval} from 'node:timers';

const BOCHS = process.env['BOCHS'] ?? 'bochs';
/** The ROMs beside an installed Bochs; Bochs reads the same variable. */
const SHARE = process.env['BXSHARE'] ?? '/usr/share/bochs';
const BUSYBOX = '/usr/bin/busybox';
const ISOLINUX = '/usr/lib/ISOLINUX/isolinux.bin';
const LDLINUX = '/usr/lib/syslinux/modules/bios/ldlinux.c32';
const KERNEL_PACKAGE = 'linux-image-cloud-amd64';
const MEMORY_MB = 2048;
/** The emulated clock counts instructions. Faster than Bochs is, so that timers do not fill the time. */
const INSTRUCTIONS_PER_SECOND = 200_000_000;
/**
 * Without the page tables' mitigations, which only cost time; without hpet, which the slow clock confuses; without XSAVEC and XSAVES
 * (10 * 32 + 1 and + 3 in Linux' cpufeatures.h), whose sizes some versions of Bochs report so that Linux switches AVX off.
 */
const KERNEL_OPTIONS =
  'console=ttyS0 quiet nokaslr mitigations=off hpet=disable clearcpuid=321,323';
/** Said at the end by the start script, or by Linux. */
const END = /^emulation ended with (\d+)|Kernel panic/m;

function succeeds(program, args, options = {}) {
  return spawnSync(program, args, {stdio: 'ignore', ...options}).status === 0;
}

function requireSuccess(program, args, options = {}) {
  const {status, stderr} = spawnSync(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
  if (status !== 0) throw new Error(`${program} ended with ${status}: ${String(stderr)}`);
}

/** What of the tools is missing, or undefined. */
export function findMissingTool(model) {
  const {stdout, stderr} = spawnSync(BOCHS, ['-help', 'cpu'], {encoding: 'utf8'});
  if (!`${stdout}${stderr}`.split(/\s+/).includes(model))
    return `a bochs with the processor ${model} (Debian: bochs)`;
  const files = {[ISOLINUX]: 'isolinux', [LDLINUX]: 'syslinux-common', [BUSYBOX]: 'busybox-static'};
  for (const [path, name] of Object.entries(files)) {
    if (!existsSync(path)) return `${path} (Debian: ${name})`;
  }
  if (!succeeds('xorriso', ['-version'])) return 'xorriso (Debian: xorriso)';
  return undefined;
}

/**
 * A Linux kernel from the Debian archive, unpacked in a folder and not installed.
 *
 * @returns {string | undefined} The file, or undefined where it cannot be had.
 */
export function provideKernel(folder) {
  const boot = join(folder, 'boot');
  const find = () =>
    existsSync(boot) ? readdirSync(boot).find((name) => name.startsWith('vmlinuz')) : undefined;
  if (find() === undefined) fetchKernel(folder);
  const name = find();
  return name === undefined ? undefined : join(boot, name);
}

function fetchKernel(folder) {
  mkdirSync(folder, {recursive: true});
  const {stdout} = spawnSync('apt-cache', ['depends', KERNEL_PACKAGE], {encoding: 'utf8'});
  const name = /Depends: (linux-image-\S+)/.exec(stdout ?? '')?.[1];
  if (name === undefined || !succeeds('apt-get', ['download', name], {cwd: folder})) return;
  const archive = readdirSync(folder).find((file) => file.endsWith('.deb'));
  succeeds('dpkg-deb', ['-x', archive, '.'], {cwd: folder});
  rmSync(join(folder, archive));
  rmSync(join(folder, 'lib'), {recursive: true, force: true}); // the modules; nothing here needs one
}

/** The shared libraries of a program, and its loader. */
export function librariesOf(program) {
  const {stdout} = spawnSync('ldd', [program], {encoding: 'utf8'});
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path);
}

/**
 * Write the disc.
 *
 * @param {string} folder - Emptied first; gets disc.iso.
 * @param {Record<string, string>} files - Files and folders of the emulated machine, by their path in it.
 * @param {string} kernel - The Linux kernel.
 * @param {string} script - What the shell runs; its exit code is the result.
 */
export function writeDisc(folder, {files, kernel, script}) {
  rmSync(folder, {recursive: true, force: true});
  const root = join(folder, 'root');
  const disc = join(folder, 'disc');
  for (const room of ['bin', 'dev', 'proc', 'sys', 'tmp'])
    mkdirSync(join(root, room), {recursive: true});
  mkdirSync(disc);
  for (const [target, source] of Object.entries({'/bin/busybox': BUSYBOX, ...files})) {
    mkdirSync(dirname(join(root, target)), {recursive: true});
    cpSync(source, join(root, target), {recursive: true, dereference: true});
  }
  writeFileSync(join(root, 'script'), script);
  writeFileSync(join(root, 'init'), startScript(), {mode: 0o755});
  const pack = `find . | ${BUSYBOX} cpio -o -H newc | gzip -1 > ${JSON.stringify(join(disc, 'initrd'))}`;
  requireSuccess('sh', ['-c', pack], {cwd: root});
  cpSync(kernel, join(disc, 'linux'));
  cpSync(ISOLINUX, join(disc, 'isolinux.bin'));
  cpSync(LDLINUX, join(disc, 'ldlinux.c32'));
  writeFileSync(
    join(disc, 'isolinux.cfg'),
    `default linux\nlabel linux\n kernel /linux\n append initrd=/initrd ${KERNEL_OPTIONS}\n`,
  );
  const boot = ['-b', 'isolinux.bin', '-c', 'boot.cat', '-no-emul-boot'];
  const options = ['-boot-load-size', '4', '-boot-info-table'];
  const output = ['-o', join(folder, 'disc.iso'), disc];
  requireSuccess('xorriso', ['-as', 'mkisofs', ...boot, ...options, ...output]);
}

function startScript() {
  return `#!/bin/busybox sh
export PATH=/bin HOME=/tmp
busybox mount -t devtmpfs dev /dev
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
exec </dev/null >/dev/ttyS0 2>&1
busybox stty -F /dev/ttyS0 -onlcr
busybox sh /script
echo "emulation ended with $?"
while :; do busybox sleep 60; done
`;
}

function configurationOf(folder, model) {
  return `cpu: model=${model}, count=1, ips=${INSTRUCTIONS_PER_SECOND}, reset_on_triple_fault=0
memory: guest=${MEMORY_MB}, host=${MEMORY_MB}
romimage: file=${join(SHARE, 'BIOS-bochs-latest')}
vgaromimage: file=${join(SHARE, '../vgabios/vgabios.bin')}
ata0: enabled=1, ioaddr1=0x1f0, ioaddr2=0x3f0, irq=14
ata1: enabled=0
ata0-master: type=cdrom, path=${join(folder, 'disc.iso')}, status=inserted
boot: cdrom
com1: enabled=1, mode=file, dev=${join(folder, 'serial.txt')}
display_library: rfb, options="timeout=0"
sound: waveoutdrv=dummy, waveindrv=dummy, midioutdrv=dummy
plugin_ctrl: speaker=0
clock: sync=none
log: ${join(folder, 'bochs.log')}
panic: action=fatal
# Bochs 3.0 can wait for itself for ever when it logs its speed while it logs something else.
info: action=ignore
error: action=ignore
`;
}

/**
 * Start the disc and show what the machine says, until it has ended.
 *
 * @returns {Promise<number | undefined>} The exit code of the script; undefined where the machine stopped before.
 */
export async function runDisc(folder, {model, onText}) {
  const serial = join(folder, 'serial.txt');
  writeFileSync(serial, '');
  writeFileSync(join(folder, 'bochsrc'), configurationOf(folder, model));
  // Debian's Bochs has a debugger, which asks before the first instruction. From a file: into a socket, rfb would send the screen.
  writeFileSync(join(folder, 'commands'), 'continue\n');
  const stdio = [openSync(join(folder, 'commands')), 'ignore', 'ignore'];
  const child = spawn(BOCHS, ['-q', '-f', join(folder, 'bochsrc')], {stdio});
  const exit = new Promise((resolve) => {
    child.on('error', resolve);
    child.on('close', resolve);
  });
  const line = openSync(serial, 'r');
  const decoder = new StringDecoder('utf8');
  let text = '';
  const look = () => {
    const fresh = decoder.write(readOn(line));
    text += fresh;
    if (fresh.length > 0) onText(fresh);
    if (END.test(text)) child.kill();
  };
  const timer = setInterval(look, 500);
  await exit;
  clearInterval(timer);
  look();
  closeSync(line);
  const code = END.exec(text)?.[1];
  return code === undefined ? undefined : Number(code);
}

/** What was written to a file since it was read last. */
function readOn(file) {
  const bytes = Buffer.alloc(1 << 16);
  return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, null));
}
