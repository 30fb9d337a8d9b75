// Builds the pages into the folder given: installs the packages that are not there, then bundles. Called by Tandem.Web.csproj.
// Exit code 3: there is no npm. One build of a source tree at a time: a lock file names who builds.
import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? 'dist');
const modules = join(root, 'node_modules');
const lockFile = join(root, '.build-lock');
const windows = process.platform === 'win32';

function run(command, parameters, environment) {
  const result = spawnSync(command, parameters, {
    cwd: root, encoding: 'utf8', shell: windows, env: { ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (result.error?.code === 'ENOENT')
    process.exit(3);
  if (result.status !== 0) {
    process.stdout.write(`${command} ${parameters.join(' ')}\n${result.stdout}${result.stderr}`);
    process.exit(1);
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (problem) {
    return problem.code === 'EPERM';
  }
}

async function takeLock() {
  for (;;) {
    try {
      const file = openSync(lockFile, 'wx');
      writeSync(file, String(process.pid));
      closeSync(file);
      process.on('exit', () => rmSync(lockFile, { force: true }));
      return;
    } catch (problem) {
      if (problem.code !== 'EEXIST')
        throw problem;
    }
    await new Promise((done) => setTimeout(done, 300));
    let owner = NaN;
    try {
      owner = Number.parseInt(readFileSync(lockFile, 'utf8'), 10);
    } catch {
      // Given back meanwhile.
    }
    if (owner > 0 && !isAlive(owner))
      rmSync(lockFile, { force: true });
  }
}

/** Whether what is needed to bundle is there in the version of the lock file; npm notes at the end of an installation what it installed. */
function isInstalled() {
  const note = join(modules, '.package-lock.json');
  if (!existsSync(note))
    return false;
  const { packages: there } = JSON.parse(readFileSync(note, 'utf8'));
  const { packages: wanted } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  return Object.entries(wanted).every(([name, { version, dev, optional }]) => name === '' || dev || optional || there[name]?.version === version);
}

await takeLock();
if (!isInstalled())
  run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--omit=dev']);
run(process.execPath, [join(modules, 'vite', 'bin', 'vite.js'), 'build', '--logLevel', 'warn'], { TANDEM_WEB_OUT: out });
