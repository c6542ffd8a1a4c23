// Enters on whatever Node the machine has, and goes on with Node 24: the server's TypeScript runs by type stripping,
// which older versions lack. Plain old JavaScript on purpose: any Node from 4 on must be able to read this file.
'use strict'
var path = require('path')
var fs = require('fs')
var os = require('os')
var child = require('child_process')

var WANTED_MAJOR = 24
var WAY_OUT =
  'Usually `npm ci` brings it along. If you ran `npm ci --omit=optional`, run `npm ci` again;\n' +
  'otherwise install it from https://nodejs.org: npm has none for '
var root = __dirname

/** The Node that `npm ci` brought as a platform package; null where there is none for this platform. */
function bundledNode() {
  var arch = process.platform + '-' + process.arch
  var names = ['node-' + arch, 'node-bin-' + arch]
  for (var i = 0; i < names.length; i++) {
    var file = path.join(root, 'node_modules', names[i], 'bin', 'node')
    if (fs.existsSync(file)) return file
  }
  return null
}

function chooseNode() {
  var major = Number(process.versions.node.split('.')[0])
  if (major >= WANTED_MAJOR) return process.execPath
  var bundled = bundledNode()
  if (bundled) return bundled
  var platform = process.platform + '-' + process.arch
  fail('this needs Node ' + WANTED_MAJOR + ' or later, and this machine runs ' + process.version + '.\n' + WAY_OUT + platform + '.')
}

/** The folder below one that is there; empty where it cannot be made, since Node must not try: on some paths it tries without end. */
function makeFolder(folder, names) {
  for (var i = 0; i < names.length; i++) {
    folder = path.join(folder, names[i])
    try {
      fs.mkdirSync(folder)
    } catch (error) {
      if (!fs.existsSync(folder)) return ''
    }
  }
  return folder
}

function fail(message) {
  console.error('standdown: ' + message)
  process.exit(1)
}

// A directory that npm leaves behind when it was interrupted has no driver in it.
if (!fs.existsSync(path.join(root, 'node_modules', 'pg'))) {
  fail('its packages are not installed. Run `npm ci` in ' + root)
}

var args = process.argv.slice(2)
var target = ['server/src/main.ts'].concat(args)
if (args[0] === '--run-tests') target = ['tests/run.ts'].concat(args.slice(1))
if (args[0] === '--run-bench') target = ['bench/main.ts'].concat(args.slice(1))
if (args[0] === '--run-bench-big') target = ['bench/big.ts'].concat(args.slice(1))
if (args[0] === '--run-fuzz') target = ['tests/fuzz/run.ts'].concat(args.slice(1))
if (args[0] === '--run-chaos') target = ['tests/chaos/run.ts'].concat(args.slice(1))
if (args[0] === '--run-mutations') target = ['tests/mutations/run.ts'].concat(args.slice(1))
target[0] = path.join(root, target[0])

// The channel is how the server notices that its launcher was killed (kill -9 cannot be passed on): it then stops too.
// The working directory stays the caller's: DATA_DIR and files that are named on the command line are seen from there.
var node = chooseNode()
// Left alone, what is short-lived may fill 64 MB and more before it is looked through: 290 MB under load, against 180, and no
// request more a second (npm run bench -- http process).
var flags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=8']
// What was compiled is kept: half of the processor time of a start is reading TypeScript. Where it cannot be written Node goes on
// without. By content: an older version's is never taken for this one's.
var compiled = process.env.NODE_COMPILE_CACHE || makeFolder(path.join(root, 'node_modules'), ['.cache', 'standdown'])
var server = child.spawn(node, flags.concat(target), {
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: Object.assign({}, process.env, { STANDDOWN_LAUNCHED: '1' }, compiled ? { NODE_COMPILE_CACHE: compiled } : {}),
})

// A Ctrl-C reaches the server too, straight from the terminal: passed on, it would be the second, which means "at once".
var leftToTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY ? 1 : 0
;['SIGINT', 'SIGTERM', 'SIGHUP'].forEach(name => {
  process.on(name, () => {
    if (name === 'SIGINT' && leftToTerminal-- > 0) return
    server.kill(name)
  })
})
server.on('error', error => {
  fail('could not start ' + node + ': ' + error.message)
})
server.on('exit', (code, signal) => {
  // As a shell reports it: 128 and the signal's number.
  process.exit(signal ? 128 + (os.constants.signals[signal] || 0) : code)
})
