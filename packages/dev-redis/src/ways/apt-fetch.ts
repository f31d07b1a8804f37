import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ExecaError, execa } from 'execa';

const aptLimitMs = 120_000;

/**
 * Downloads redis-server and those of its dependencies that this system lacks, and unpacks them all into one tree.
 * Needs no root: apt gets its own state and cache, reads the system's sources and keys, and takes no lock.
 */
export async function fetchPackages(workFolder: string): Promise<string> {
  const downloads = join(workFolder, 'cache/archives');
  const tree = join(workFolder, 'tree');
  await mkdir(join(workFolder, 'lists/partial'), { recursive: true });
  await mkdir(join(downloads, 'partial'), { recursive: true });
  await mkdir(tree);
  const config = join(workFolder, 'apt.conf');
  await writeFile(config, aptConfig(workFolder));

  // An update fails as a whole when any source of the user does, be it only somebody's dead archive.
  // Whether what we need is there is for the download to say.
  await apt(config, 'update').catch(() => {});
  // `--reinstall`: redis-server may be installed and yet not be what we were asked to use.
  await apt(
    config,
    'install',
    '--download-only',
    '--reinstall',
    '--no-install-recommends',
    'redis-server',
    'redis-tools',
  );

  for (const file of await readdir(downloads)) {
    if (file.endsWith('.deb')) await execa('dpkg-deb', ['-x', join(downloads, file), tree], { stdin: 'ignore' });
  }
  return tree;
}

/**
 * A configuration file rather than options: only a file can clear a list, such as the hooks that desktops hang on an update.
 * apt reads it after the system's own.
 */
export function aptConfig(workFolder: string): string {
  // Everything beside package lists that common systems have apt download: icons, file lists, sources.
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

async function apt(config: string, command: string, ...args: readonly string[]): Promise<void> {
  const options = ['-q', '-y', `--config-file=${config}`];
  const env = { LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await execa('apt-get', [...options, command, ...args], { env, stdin: 'ignore', timeout: aptLimitMs });
  } catch (error) {
    const said = error instanceof ExecaError ? String(error.stderr).match(/^E: .*$/m)?.[0] : undefined;
    throw new Error(`apt-get ${command}: ${said ?? 'failed'}`, { cause: error });
  }
}
