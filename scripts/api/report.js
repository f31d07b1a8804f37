import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { Extractor, ExtractorConfig, ExtractorLogLevel } from '@microsoft/api-extractor';
import { ROOT } from './packages.js';

/** What API Extractor finds and we do not accept, with what to do about it. */
const FAULTS = {
  'ae-forgotten-export': 'Export it from index.ts, or do not use it in what is exported.',
  'ae-undocumented': 'Write a docstring.',
  'ae-unresolved-inheritdoc-reference': 'Write a docstring.',
};

/**
 * Writes the API report of a package, a list of its public face, and compares it with the committed
 * one.
 * @param update whether to replace the committed report
 * @returns the faults, one line or more each
 */
export function report({ folder, home, name, door }, { tsconfig, reports }, update) {
  const faults = [];
  const config = ExtractorConfig.prepare({
    configObject: {
      projectFolder: home,
      mainEntryPointFilePath: door,
      newlineKind: 'lf',
      compiler: { tsconfigFilePath: tsconfig },
      apiReport: {
        enabled: true,
        reportFileName: folder,
        reportFolder: reports,
        reportTempFolder: `${ROOT}scripts/api/dist`,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: { extractorMessageReporting: { default: { logLevel: ExtractorLogLevel.None } } },
    },
    configObjectFullPath: undefined,
    packageJsonFullPath: `${home}/package.json`,
  });
  const { apiReportChanged } = Extractor.invoke(config, {
    localBuild: update,
    messageCallback(message) {
      message.handled = true;
      const { messageId, text, sourceFilePath, sourceFileLine, category } = message;
      const where = sourceFilePath === undefined ? name : `${relative(ROOT, sourceFilePath)}:${sourceFileLine}`;
      if (category === 'Compiler') faults.push(`${where}: ${text}`);
      else if (messageId in FAULTS) faults.push(`${where}: ${text} ${FAULTS[messageId]}`);
    },
  });

  const written = readFileSync(config.reportTempFilePath, 'utf8');
  for (const [line] of written.matchAll(/^import .*@bullpen\/shared\/internal.*$/gm))
    faults.push(`${name}: the public face uses what apps cannot import: ${line} Export it from @bullpen/shared.`);
  if (apiReportChanged && !update) {
    const { stdout } = spawnSync(
      'git',
      ['diff', '--no-index', '--unified=0', '--', config.reportFilePath, config.reportTempFilePath],
      {
        encoding: 'utf8',
      },
    );
    faults.push(`${name}: the public face has changed:\n${stdout.split('\n').slice(4).join('\n')}`);
  }
  return faults;
}
