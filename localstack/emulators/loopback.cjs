'use strict'

// Loaded into each engine before its own code. The engines would listen on every
// interface and on a port that has to be chosen beforehand; here every server
// gets a free port on loopback instead, and says which. And an engine ends with
// the process that started it, however that one ended: its standard input is a
// pipe that nobody else holds.

const net = require('node:net')

const listen = net.Server.prototype.listen

net.Server.prototype.listen = function (...args) {
  const asked = typeof args[0] === 'object' ? args[0].port : args[0]
  this.once('listening', () => {
    process.stdout.write(`\nasked-for ${asked} got ${this.address().port}\n`)
  })
  const done = args.find((a) => typeof a === 'function')
  return listen.call(this, { host: '127.0.0.1', port: 0 }, done)
}

process.stdin.on('end', () => process.exit(0)).resume()
