/** Checks every file that git knows or would add against the rules of the house; exit code 1 on any finding. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { layering, strangersAtTop } from './layers.ts';
import { RULES } from './rules.ts';

const paths = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '-z'], {
  encoding: 'utf8',
})
  .split('\0')
  .filter((path) => path !== '' && existsSync(path));

const findings = paths.flatMap((path) => {
  const source = { path, text: readFileSync(path, 'utf8') };
  return [...RULES, layering].flatMap((rule) => rule(source));
});
findings.push(...strangersAtTop(paths));

for (const { path, line, what } of findings) process.stdout.write(`${path}:${line}: ${what}\n`);
process.stdout.write(`tidy: ${paths.length} files, ${findings.length} findings\n`);
process.exitCode = findings.length > 0 ? 1 : 0;
