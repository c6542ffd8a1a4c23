// Enters on whatever Node the machine has, and goes on with Node 24: the server's TypeScript runs by type stripping,
// which older versions lack. Plain old JavaScript on purpose: this file must be readable by any Node.
'use strict'
var path = require('path')
var fs = require('fs')
var child = require('child_process')

var WANTED_MAJOR = 24
var root = __dirname

/** The Node 24 that `npm ci` brought as a platform package; null where there is none for this platform. */
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
  console.error(
    'standdown: this needs Node ' + WANTED_MAJOR + ' or later, and this machine runs ' + process.version + '.\n' +
    'Usually `npm ci` brings it along. If you ran `npm ci --omit=optional`, run `npm ci` again; otherwise there is\n' +
    'no packaged Node for ' + process.platform + '-' + process.arch + ': install Node ' + WANTED_MAJOR + ' from https://nodejs.org.'
  )
  process.exit(1)
}

var args = process.argv.slice(2)
var target = ['server/src/main.ts'].concat(args)
if (args[0] === '--run-tests') target = ['tests/run.ts'].concat(args.slice(1))
if (args[0] === '--run-bench') target = ['bench/main.ts'].concat(args.slice(1))
target[0] = path.join(root, target[0])
if (!fs.existsSync(path.join(root, 'node_modules'))) {
  console.error('standdown: run `npm ci` here first: ' + root)
  process.exit(1)
}

// The channel is how the server notices that its launcher was killed (kill -9 cannot be passed on): it then stops too.
var server = child.spawn(chooseNode(), ['--disable-warning=ExperimentalWarning'].concat(target), {
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  env: Object.assign({}, process.env, { STANDDOWN_LAUNCHED: '1' })
})
;['SIGINT', 'SIGTERM', 'SIGHUP'].forEach(function (name) {
  process.on(name, function () { server.kill(name) })
})
server.on('error', function (error) {
  console.error('standdown: could not start Node: ' + error.message)
  process.exit(1)
})
server.on('exit', function (code, signal) {
  process.exit(signal ? 1 : code)
})
