// Plain JavaScript, so that a Node too old to strip types can still say what is wrong.
const needed = [22, 18];
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  process.stderr.write(
    `smearcache's scripts run TypeScript sources and need Node >= ${needed.join('.')}; this is ${process.version}.\n` +
      'On Linux `npm ci` brings a fitting Node of its own: start scripts with `npm run …`. Elsewhere install Node 24.\n',
  );
  process.exit(1);
}
