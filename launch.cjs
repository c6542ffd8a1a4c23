// Starts on any version of Node, and runs the server with Node 24 or later in a child process: the server's TypeScript needs type stripping,
// which older versions lack. This file is old JavaScript on purpose: any Node from version 4 on must be able to read it.
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

/** The Node that `npm ci` installed as a platform package; null where there is none for this platform. */
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

/** Makes the folder `names` below `folder`. Empty where it cannot be made: Node must not try itself, since on some paths it tries for ever. */
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

// When npm was interrupted, node_modules may exist without the driver in it.
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
if (args[0] === '--run-dev') target = ['dev.ts'].concat(args.slice(1))
target[0] = path.join(root, target[0])

// By the IPC channel the server notices that its launcher was killed (kill -9 cannot be passed on); then it stops too.
// The working directory stays the caller's: DATA_DIR and the files on the command line are relative to it.
var node = chooseNode()
// By default V8 lets short-lived objects fill 64 MB and more before it collects them: 290 MB under load instead of 180, without one
// request more per second (npm run bench -- http process).
var flags = ['--disable-warning=ExperimentalWarning', '--max-semi-space-size=8']
var env = Object.assign({}, process.env, { STANDDOWN_LAUNCHED: '1' })
// Compiled code is cached: half of the processor time of a start is reading TypeScript. Where the cache cannot be written, Node runs
// without it. Entries are found by content, so those of an older version are never used for this one.
var compiled = process.env.NODE_COMPILE_CACHE || makeFolder(path.join(root, 'node_modules'), ['.cache', 'standdown'])
if (compiled) env.NODE_COMPILE_CACHE = compiled
var server = child.spawn(node, flags.concat(target), {
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: env,
})

// The terminal sends a Ctrl-C to the server too. If the launcher passed it on, it would be the second one, which means "stop at once".
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
