import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ConfigError, isLoopback, readConfig } from '../../server/src/config/config.ts'

describe('the environment', () => {
  it('has a default for everything', () => {
    assert.deepEqual(readConfig({}, '/srv'), {
      port: 7700,
      tlsPort: 7743,
      host: '127.0.0.1',
      publicUrl: null,
      dataDir: '/srv/data',
      databaseUrl: null,
      smtpUrl: null,
      mailFrom: 'Standdown <standdown@localhost>',
      oidcIssuer: null,
      oidcAudience: null,
      trustProxy: false,
      corsOrigins: [],
      retentionMs: 90 * 86_400_000,
      demo: 'auto',
      tls: null,
      logLevel: 'warn',
      hstsSeconds: 86_400,
      metricsToken: null,
      leaseMs: 15_000,
    })
    assert.deepEqual(
      readConfig({ PORT: '', DATA_DIR: ' ' }, '/srv'),
      readConfig({}, '/srv'),
      'empty is not there',
    )
  })

  it('is read', () => {
    const config = readConfig(
      {
        PORT: '0',
        TLS_PORT: 'off',
        HOST: '[::1]',
        PUBLIC_URL: 'https://Standdown.Example:443/',
        DATA_DIR: 'var',
        DATABASE_URL: 'postgres://u:p@h/d',
        SMTP_URL: 'smtps://u:p@mail.example',
        MAIL_FROM: 'Desk <desk@example.org>',
        OIDC_ISSUER: 'https://issuer.example/realm/',
        TRUST_PROXY: 'loopback, 10.0.0.0/8',
        CORS_ORIGINS: 'https://a.example, http://localhost:3000',
        RETENTION: '36h',
        DEMO: 'OFF',
        TLS_CERT: 'c.pem',
        TLS_KEY: '/k.pem',
        LOG_LEVEL: 'Debug',
      },
      '/srv',
    )
    assert.equal(config.port, 0)
    assert.equal(config.tlsPort, null)
    assert.equal(config.host, '::1')
    assert.equal(config.publicUrl, 'https://standdown.example')
    assert.equal(config.dataDir, '/srv/var')
    assert.equal(config.oidcIssuer, 'https://issuer.example/realm/', 'an issuer is compared letter by letter')
    assert.deepEqual(config.trustProxy, ['loopback', '10.0.0.0/8'])
    assert.deepEqual(config.corsOrigins, ['https://a.example', 'http://localhost:3000'])
    assert.equal(config.retentionMs, 36 * 3_600_000)
    assert.equal(config.demo, 'off')
    assert.deepEqual(config.tls, { certFile: '/srv/c.pem', keyFile: '/k.pem' })
    assert.equal(config.logLevel, 'debug')
    assert.ok(Object.isFrozen(config))
  })

  it('names every bad value at once, and repeats no password', () => {
    const bad = {
      PORT: '70000',
      TLS_PORT: 'x',
      HOST: 'a b',
      PUBLIC_URL: 'https://a.example/path',
      DATABASE_URL: 'mysql://root:hunter2@h',
      SMTP_URL: 'hunter2',
      MAIL_FROM: 'nobody',
      OIDC_ISSUER: 'http://issuer.example',
      TRUST_PROXY: 'proxy.example',
      CORS_ORIGINS: 'a.example',
      RETENTION: '23h',
      DEMO: 'maybe',
      TLS_CERT: 'c.pem',
      LOG_LEVEL: 'loud',
      HSTS: 'always',
      METRICS_TOKEN: 'hunter2',
    }
    assert.throws(
      () => readConfig(bad, '/srv'),
      (error: unknown) => {
        assert.ok(error instanceof ConfigError)
        assert.equal(error.problems.length, Object.keys(bad).length)
        for (const name of Object.keys(bad)) assert.ok(error.message.includes(name), name)
        assert.ok(!error.message.includes('hunter2'))
        return true
      },
    )
    assert.throws(() => readConfig({ PORT: '8000', TLS_PORT: '8000' }, '/'), /must not be the same/)
  })

  it('takes times of HSTS and tokens of monitors up to their limits', () => {
    const hsts = (value: string) => readConfig({ HSTS: value }, '/').hstsSeconds
    assert.deepEqual([hsts('off'), hsts('0d'), hsts('2h'), hsts('9999d')], [0, 0, 7200, 9999 * 86_400])
    assert.throws(() => hsts('99999d'), /HSTS/)
    const token = (length: number) => readConfig({ METRICS_TOKEN: 'a'.repeat(length) }, '/').metricsToken
    assert.deepEqual([token(16)?.length, token(512)?.length], [16, 512])
    for (const length of [15, 513]) assert.throws(() => token(length), /METRICS_TOKEN=…/)
  })

  it('knows what only this machine reaches', () => {
    for (const host of ['localhost', '127.0.0.1', '127.9.9.9', '::1', '[::1]', 'a.localhost'])
      assert.ok(isLoopback(host), host)
    for (const host of ['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example', 'localhost.example', '128.0.0.1']) {
      assert.ok(!isLoopback(host), host)
    }
  })
})
