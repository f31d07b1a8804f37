#!/usr/bin/env node
// Says what stands in the way of a release, in the folder where it runs:
//   node scripts/check-release.js v1.2.3
// Exit codes: 0 nothing, 1 something, 64 no tag.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const [tag] = process.argv.slice(2);
if (tag === undefined) {
  process.stderr.write('name the tag of the release: node scripts/check-release.js v1.2.3\n');
  process.exit(64);
}

const manifestOf = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
const faults = [];

const [, version] = /^v(\d+\.\d+\.\d+(?:-[\w.]+)?)$/.exec(tag) ?? [];
if (version === undefined) faults.push(`the tag is '${tag}'; expected a version such as v1.2.3`);

for (const folder of ['.', ...readdirSync('packages').map((name) => join('packages', name))]) {
  const manifest = manifestOf(folder);
  if (version !== undefined && manifest.version !== version)
    faults.push(`${manifest.name} has version ${manifest.version}; the tag is ${tag}`);
}

const sections = readFileSync('CHANGELOG.md', 'utf8').split(/^## /m);
const own = sections.find((section) => section.startsWith(`[${version}] - `));
if (own === undefined)
  faults.push(
    `CHANGELOG.md has no heading '## [${version ?? '1.2.3'}] - <date>': rename 'Unreleased', and begin a new one`,
  );
else if (own.split('\n').slice(1).join('').trim() === '') faults.push(`CHANGELOG.md says nothing about ${version}`);

const { repository } = manifestOf('.');
if (repository.includes('/OWNER/'))
  faults.push(`the repository's address is still ${repository}: CONTRIBUTING.md says how to replace it`);

for (const fault of faults) process.stderr.write(`${fault}\n`);
process.exit(faults.length === 0 ? 0 : 1);
