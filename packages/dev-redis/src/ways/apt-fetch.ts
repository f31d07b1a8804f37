import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';

const aptLimitMs = 120_000;

/**
 * Downloads redis-server, and those of its dependencies that this system does not have, and unpacks
 * them all into one tree. It needs no root: apt gets a state and a cache of its own, reads the
 * system's sources and keys, and takes no lock.
 */
export async function fetchPackages(workFolder: string): Promise<string> {
  const downloads = join(workFolder, 'cache/archives');
  const tree = join(workFolder, 'tree');
  await mkdir(join(workFolder, 'lists/partial'), { recursive: true });
  await mkdir(join(downloads, 'partial'), { recursive: true });
  await mkdir(tree);
  const config = join(workFolder, 'apt.conf');
  await writeFile(config, aptConfig(workFolder));

  // The result of the update says little: it fails when any one of the user's sources fails, and it
  // succeeds without a network. The download decides; the update's complaint may explain its
  // failure.
  const update = await apt(config, 'update');
  // `--reinstall`: redis-server may be installed, and apt would then download nothing.
  const packages = ['--reinstall', '--no-install-recommends', 'redis-server', 'redis-tools'];
  const download = await apt(config, 'install', '--download-only', ...packages);
  if (download.failed) throw new Error([download.complaint, update.complaint].filter((said) => said !== '').join('; '));

  for (const file of await readdir(downloads)) {
    if (file.endsWith('.deb')) await execa('dpkg-deb', ['-x', join(downloads, file), tree], { stdin: 'ignore' });
  }
  return tree;
}

/**
 * A configuration file instead of options, because only a file can clear a list, such as the hooks
 * that desktops attach to an update. apt reads it after the system's own.
 */
function aptConfig(workFolder: string): string {
  // What common systems let apt download besides package lists: icons, file lists, sources.
  const unwanted = ['DEP-11', 'DEP-11-icons', 'DEP-11-icons-small', 'DEP-11-icons-large', 'CNF', 'Contents-deb'];
  return `
Dir::State::lists "${workFolder}/lists";
Dir::Cache "${workFolder}/cache";
Dir::Cache::archives "${workFolder}/cache/archives";
Debug::NoLocking "true";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "2";
Acquire::http::Timeout "15";
Acquire::https::Timeout "15";
${unwanted.map((target) => `Acquire::IndexTargets::deb::${target}::DefaultEnabled "false";`).join('\n')}
Acquire::IndexTargets::deb-src::Sources::DefaultEnabled "false";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Pre-Invoke;
#clear DPkg::Post-Invoke;
`.trimStart();
}

/** Runs apt-get. Its complaint is the first error that it prints, or else the first warning. */
async function apt(config: string, command: string, ...args: readonly string[]) {
  const { failed, stderr } = await execa('apt-get', ['-q', '-y', `--config-file=${config}`, command, ...args], {
    env: { LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
    stdin: 'ignore',
    timeout: aptLimitMs,
    reject: false,
  });
  const said = (/^E: .*$/m.exec(stderr) ?? /^W: .*$/m.exec(stderr))?.[0] ?? (failed ? 'failed' : '');
  return { failed, complaint: said === '' ? '' : `apt-get ${command}: ${said}` };
}
