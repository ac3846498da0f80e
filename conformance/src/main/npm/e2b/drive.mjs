// Drives a simulator of E2B with E2B's own SDK. Where it is and the key are in the SDK's environment variables.
import { E2B, Sandbox } from 'e2b'
import { assert, call, fault, heal, run, until } from '../witness.mjs'

const CREATE = 'POST /v2/sandboxes'
const START = 'POST /process.Process/Start'
const UNKNOWN = 'i0000000000000000000x'
const text = (bytes) => new TextDecoder().decode(bytes)

/** Gives a sandbox to a group and kills it afterwards. */
async function withSandbox(use, options = {}) {
  const sandbox = await Sandbox.create({ timeoutMs: 120_000, ...options })
  try {
    await use(sandbox)
  } finally {
    await sandbox.kill()
  }
}

await run({
  async readme() {
    const sandbox = await call('Sandbox.create', 'sandbox', () => Sandbox.create(), (made) => {
      assert.match(made.sandboxId, /^i[a-z0-9]{20}$/)
    })
    await call('commands.run', 'result', () => sandbox.commands.run('echo "Hello from E2B!"'), (result) => {
      assert.equal(result.stdout, 'Hello from E2B!\n')
      assert.equal(result.stderr, '')
      assert.equal(result.exitCode, 0)
    })
    await call('sandbox.kill', 'true', () => sandbox.kill(), (killed) => assert.equal(killed, true))
    const client = new E2B({ apiKey: process.env.E2B_API_KEY, apiUrl: process.env.E2B_API_URL })
    const bound = await call('E2B.Sandbox.create', 'sandbox', () =>
      client.Sandbox.create({ sandboxUrl: process.env.E2B_SANDBOX_URL }),
    )
    await call('E2B.Sandbox.list', 'page', () => client.Sandbox.list().nextItems(), (items) => {
      assert.equal(items.filter((item) => item.sandboxId === bound.sandboxId).length, 1)
    })
    await bound.kill()
  },

  async lifecycle() {
    const metadata = { user: 'a b', k: 'é&=' }
    const sandbox = await call('Sandbox.create (all options)', 'sandbox', () =>
      Sandbox.create('base', {
        timeoutMs: 90_500,
        metadata,
        envs: { FOO: 'bar' },
        allowInternetAccess: false,
        network: { allowOut: ['8.8.8.8/32'], denyOut: ['0.0.0.0/0'] },
        lifecycle: { onTimeout: 'pause', autoResume: true },
      }),
    )
    const id = sandbox.sandboxId
    await call('sandbox.getInfo', 'info', () => sandbox.getInfo(), (info) => {
      assert.equal(info.sandboxId, id)
      assert.equal(info.state, 'running')
      assert.deepEqual(info.metadata, metadata)
      assert.equal(info.endAt - info.startedAt, 91_000)
      assert.equal(info.allowInternetAccess, false)
      assert.deepEqual(info.network.allowOut, ['8.8.8.8/32'])
      assert.equal(info.lifecycle.onTimeout, 'pause')
      assert.ok(info.cpuCount > 0 && info.memoryMB > 0 && info.envdVersion)
    })
    await call('Sandbox.getInfo', 'info', () => Sandbox.getInfo(id), (info) => assert.equal(info.sandboxId, id))
    await call('Sandbox.getInfo', 'SandboxNotFoundError', () => Sandbox.getInfo(UNKNOWN))
    await call('sandbox.isRunning', 'true', () => sandbox.isRunning(), (runs) => assert.equal(runs, true))
    await call('sandbox.setTimeout', 'done', () => sandbox.setTimeout(300_000), async () => {
      const info = await sandbox.getInfo()
      assert.ok(info.endAt - info.startedAt > 290_000)
    })
    await call('Sandbox.setTimeout', 'SandboxNotFoundError', () => Sandbox.setTimeout(UNKNOWN, 1000))
    await call('sandbox.getHost', 'host', async () => sandbox.getHost(3000), (host) => {
      assert.ok(host.startsWith(`3000-${id}.`))
    })
    await call('sandbox.getMetrics', 'metrics', () => sandbox.getMetrics(), (metrics) => {
      assert.ok(metrics[0].memTotal > 0 && metrics[0].timestamp instanceof Date)
    })
    await call('Sandbox.getMetrics (since)', 'metrics', () => Sandbox.getMetrics(id, { start: new Date(0), end: new Date() }))
    await call('Sandbox.getMetrics', 'SandboxNotFoundError', () => Sandbox.getMetrics(UNKNOWN))
    await call('sandbox.updateNetwork', 'done', () => sandbox.updateNetwork({ allowOut: ['1.1.1.1/32'], denyOut: ['0.0.0.0/0'] }), async () => {
      assert.deepEqual((await sandbox.getInfo()).network.allowOut, ['1.1.1.1/32'])
    })
    await call('Sandbox.updateNetwork', 'SandboxNotFoundError', () => Sandbox.updateNetwork(UNKNOWN, {}))
    await call('sandbox.pause', 'true', () => sandbox.pause(), async (paused) => {
      assert.equal(paused, true)
      assert.equal((await sandbox.getInfo()).state, 'paused')
    })
    await call('sandbox.pause', 'false', () => sandbox.pause(), (paused) => assert.equal(paused, false))
    await call('Sandbox.pause', 'SandboxNotFoundError', () => Sandbox.pause(UNKNOWN))
    await call('Sandbox.connect (paused)', 'sandbox', () => Sandbox.connect(id, { timeoutMs: 60_000 }), async (again) => {
      assert.equal(again.sandboxId, id)
      assert.equal((await again.commands.run('echo $FOO')).stdout, 'bar\n')
    })
    await call('sandbox.connect (running)', 'sandbox', () => sandbox.connect({ timeoutMs: 200_000 }), async () => {
      const info = await sandbox.getInfo()
      assert.ok(info.endAt - Date.now() > 190_000)
    })
    await call('Sandbox.connect', 'SandboxNotFoundError', () => Sandbox.connect(UNKNOWN))
    await call('Sandbox.kill', 'true', () => Sandbox.kill(id), (killed) => assert.equal(killed, true))
    await call('Sandbox.kill', 'false', () => Sandbox.kill(id), (killed) => assert.equal(killed, false))
    await call('sandbox.isRunning', 'false', () => sandbox.isRunning(), (runs) => assert.equal(runs, false))
    await call('commands.run (killed sandbox)', 'SandboxNotFoundError', () => sandbox.commands.run('true'))
    await call('files.read (killed sandbox)', 'TimeoutError', () => sandbox.files.read('a'))
    await call('files.list (killed sandbox)', 'TimeoutError', () => sandbox.files.list('/'))
    const brief = await Sandbox.create({ timeoutMs: 1000 })
    await call('sandbox.isRunning (after its time)', 'false', async () => {
      await until(async () => !(await brief.isRunning()))
      return brief.isRunning()
    }, (runs) => assert.equal(runs, false))
  },

  async refusals() {
    await call('Sandbox.create (no such template)', 'SandboxError', () => Sandbox.create('no-such-template'), (error) => {
      assert.match(error.message, /^404: template 'no-such-template' not found/)
    })
    await call('Sandbox.create (too long a life)', 'SandboxError', () => Sandbox.create({ timeoutMs: 90_000_000 }), (error) => {
      assert.match(error.message, /^400: Timeout cannot be greater than 24 hours/)
    })
    await call('Sandbox.create (names without a ban)', 'SandboxError', () =>
      Sandbox.create({ network: { allowOut: ['example.com'] } }),
    )
    await call('Sandbox.create (unknown key)', 'AuthenticationError', () => Sandbox.create({ apiKey: 'e2b_00' }))
    await call('Sandbox.create (no key of E2B)', 'AuthenticationError', () =>
      Sandbox.create({ apiKey: 'sk_1', validateApiKey: false }),
    )
    await call('Sandbox.list (unknown key)', 'AuthenticationError', () => Sandbox.list({ apiKey: 'e2b_00' }).nextItems())
  },

  async list() {
    const group = 'g' + Date.now()
    const made = []
    for (let i = 0; i < 3; i++) {
      made.unshift(await Sandbox.create({ metadata: { group, 'a b': `v=${i}` } }))
      await new Promise((done) => setTimeout(done, 5))
    }
    const ids = made.map((each) => each.sandboxId)
    const paginator = Sandbox.list({ query: { metadata: { group } }, limit: 2 })
    await call('SandboxPaginator.nextItems (first page)', 'page', () => paginator.nextItems(), (items) => {
      assert.deepEqual(items.map((item) => item.sandboxId), ids.slice(0, 2))
      assert.equal(paginator.hasNext, true)
    })
    await call('SandboxPaginator.nextItems (last page)', 'page', () => paginator.nextItems(), (items) => {
      assert.deepEqual(items.map((item) => item.sandboxId), ids.slice(2))
      assert.equal(paginator.hasNext, false)
    })
    await call('Sandbox.list (metadata with odd characters)', 'page', () =>
      Sandbox.list({ query: { metadata: { 'a b': 'v=1' } } }).nextItems(), (items) => {
      assert.deepEqual(items.map((item) => item.sandboxId), [ids[1]])
    })
    await call('Sandbox.list (oldest first)', 'page', () =>
      Sandbox.list({ query: { metadata: { group } }, order: 'asc' }).nextItems(), (items) => {
      assert.deepEqual(items.map((item) => item.sandboxId), [...ids].reverse())
    })
    await made[0].pause()
    await call('Sandbox.list (paused)', 'page', () =>
      Sandbox.list({ query: { metadata: { group }, state: ['paused'] } }).nextItems(), (items) => {
      assert.deepEqual(items.map((item) => item.state), ['paused'])
    })
    await call('Sandbox.list (template and time)', 'page', () =>
      Sandbox.list({ query: { metadata: { group }, template: 'base', startedAfter: new Date(0) } }).nextItems(), (items) => {
      assert.equal(items.length, 3)
    })
    await Promise.all(made.map((each) => each.kill()))
  },

  commands: () => withSandbox(async (sandbox) => {
    await call('commands.run (cwd, envs)', 'result', () =>
      sandbox.commands.run('echo $FOO; pwd', { cwd: '/tmp', envs: { FOO: 'b r' } }), (result) => {
      assert.equal(result.stdout, 'b r\n/tmp\n')
    })
    await call('commands.run (onStdout, onStderr)', 'result', async () => {
      const heard = { out: '', err: '' }
      await sandbox.commands.run('echo out; echo err >&2', {
        onStdout: (data) => { heard.out += data },
        onStderr: (data) => { heard.err += data },
      })
      return heard
    }, (heard) => assert.deepEqual(heard, { out: 'out\n', err: 'err\n' }))
    await call('commands.run (much output)', 'result', () => sandbox.commands.run('head -c 300000 /dev/zero | tr "\\0" x'), (result) => {
      assert.equal(result.stdout, 'x'.repeat(300_000))
    })
    await call('commands.run', 'CommandExitError', () => sandbox.commands.run('echo o; echo e >&2; exit 3'), (error) => {
      assert.equal(error.exitCode, 3)
      assert.equal(error.stdout, 'o\n')
      assert.equal(error.stderr, 'e\n')
      assert.equal(error.error, 'exit status 3')
    })
    await call('commands.run (unknown command)', 'CommandExitError', () => sandbox.commands.run('no-such-command'), (error) => {
      assert.equal(error.exitCode, 127)
    })
    await call('commands.run (no such directory)', 'InvalidArgumentError', () => sandbox.commands.run('true', { cwd: '/nope' }), (error) => {
      assert.match(error.message, /cwd '\/nope' does not exist/)
    })
    await call('commands.run (no such user)', 'AuthenticationError', () => sandbox.commands.run('true', { user: 'nobody-here' }))
    await call('commands.run (past its time)', 'TimeoutError', () => sandbox.commands.run('sleep 30', { timeoutMs: 400 }))
    await until(async () => (await sandbox.commands.list()).length === 0)
    await call('commands.kill', 'false', () => sandbox.commands.kill(99_999), (killed) => assert.equal(killed, false))
    await call('commands.connect', 'NotFoundError', () => sandbox.commands.connect(99_999))
    await call('commands.sendStdin', 'NotFoundError', () => sandbox.commands.sendStdin(99_999, 'x'))
  }),

  background: () => withSandbox(async (sandbox) => {
    const cat = await call('commands.run (background, stdin)', 'handle', () =>
      sandbox.commands.run('cat; echo end >&2', { background: true, stdin: true, timeoutMs: 0 }), (handle) => {
      assert.ok(handle.pid > 0)
    })
    await call('commands.list', 'processes', () => sandbox.commands.list(), (list) => {
      const entry = list.find((each) => each.pid === cat.pid)
      assert.equal(entry.cmd, '/bin/bash')
      assert.deepEqual(entry.args, ['-l', '-c', 'cat; echo end >&2'])
    })
    let second = ''
    const other = await call('commands.connect', 'handle', () =>
      sandbox.commands.connect(cat.pid, { onStdout: (data) => { second += data } }), (handle) => {
      assert.equal(handle.pid, cat.pid)
    })
    await call('commands.sendStdin', 'done', () => sandbox.commands.sendStdin(cat.pid, 'one\n'))
    await call('CommandHandle.sendStdin', 'done', () => cat.sendStdin('two\n'))
    await until(() => second === 'one\ntwo\n' && cat.stdout === 'one\ntwo\n')
    await call('CommandHandle.disconnect', 'done', () => other.disconnect(), async () => {
      assert.equal((await sandbox.commands.list()).length, 1)
    })
    await call('commands.closeStdin', 'done', () => sandbox.commands.closeStdin(cat.pid))
    await call('CommandHandle.wait', 'result', () => cat.wait(), (result) => {
      assert.equal(result.stdout, 'one\ntwo\n')
      assert.equal(result.stderr, 'end\n')
      assert.equal(result.exitCode, 0)
    })
    const sleeping = await sandbox.commands.run('exec sleep 100', { background: true })
    await call('CommandHandle.kill', 'true', () => sleeping.kill(), (killed) => assert.equal(killed, true))
    await call('CommandHandle.wait', 'CommandExitError', () => sleeping.wait(), (error) => {
      assert.equal(error.exitCode, -1)
      assert.equal(error.error, 'signal: killed')
    })
    const lines = await sandbox.commands.run('cat', { background: true, stdin: true })
    await call('CommandHandle.closeStdin', 'done', () => lines.closeStdin(), () => lines.wait())
    const more = await sandbox.commands.run('exec sleep 100', { background: true })
    await call('commands.kill', 'true', () => sandbox.commands.kill(more.pid), async (killed) => {
      assert.equal(killed, true)
      await assert.rejects(more.wait())
    })
  }),

  users: () => withSandbox(async (sandbox) => {
    await call('commands.run (as root)', 'result', () => sandbox.commands.run('id -u; echo $HOME', { user: 'root' }), (result) => {
      assert.equal(result.stdout, '0\n/root\n')
    })
    await call('commands.run (as user)', 'result', () => sandbox.commands.run('echo $USER; pwd', { user: 'user' }), (result) => {
      assert.equal(result.stdout.split('\n')[0], 'user')
    })
  }),

  pty: () => withSandbox(async (sandbox) => {
    let seen = ''
    const shell = await call('pty.create', 'handle', () =>
      sandbox.pty.create({ cols: 81, rows: 25, cwd: '/tmp', envs: { ANY: 'thing' }, timeoutMs: 0, onData: (data) => { seen += text(data) } }), (handle) => {
      assert.ok(handle.pid > 0)
    })
    const type = (line) => sandbox.pty.sendInput(shell.pid, new TextEncoder().encode(line + '\n'))
    await call('pty.sendInput', 'done', () => type('stty size; echo $ANY-$PWD'), () =>
      until(() => seen.includes('25 81') && seen.includes('thing-/tmp')))
    await call('pty.resize', 'done', () => sandbox.pty.resize(shell.pid, { cols: 100, rows: 30 }), async () => {
      await type('stty size')
      await until(() => seen.includes('30 100'))
    })
    let again = ''
    await call('pty.connect', 'handle', () => sandbox.pty.connect(shell.pid, { onData: (data) => { again += text(data) } }), async () => {
      await type('echo re$((1+1))')
      await until(() => again.includes('re2'))
    })
    await call('pty.kill', 'true', () => sandbox.pty.kill(shell.pid), (killed) => assert.equal(killed, true))
    await call('pty.kill', 'false', () => sandbox.pty.kill(99_999), (killed) => assert.equal(killed, false))
    await call('pty.resize', 'NotFoundError', () => sandbox.pty.resize(99_999, { cols: 1, rows: 1 }))
  }),

  files: () => withSandbox(async (sandbox) => {
    const { files } = sandbox
    await call('files.write', 'info', () => files.write('/home/user/a.txt', 'héllo'), (info) => {
      assert.deepEqual([info.name, info.path, info.type], ['a.txt', '/home/user/a.txt', 'file'])
    })
    await call('files.read', 'text', () => files.read('/home/user/a.txt'), (content) => assert.equal(content, 'héllo'))
    await call('files.read (relative path)', 'text', () => files.read('a.txt'), (content) => assert.equal(content, 'héllo'))
    await call('files.read (bytes)', 'bytes', () => files.read('a.txt', { format: 'bytes' }), (content) => {
      assert.deepEqual([...content], [...new TextEncoder().encode('héllo')])
    })
    await call('files.read (blob)', 'blob', () => files.read('a.txt', { format: 'blob' }), async (blob) => {
      assert.equal(await blob.text(), 'héllo')
    })
    await call('files.read (stream)', 'stream', () => files.read('a.txt', { format: 'stream' }), async (stream) => {
      assert.equal(await new Response(stream).text(), 'héllo')
    })
    await call('files.read (gzip)', 'text', () => files.read('a.txt', { gzip: true }), (content) => assert.equal(content, 'héllo'))
    await call('files.write (several)', 'infos', () =>
      files.write([{ path: '/home/user/m/1', data: 'one' }, { path: '/home/user/m/2', data: new Uint8Array([0, 255]).buffer }]), async (infos) => {
      assert.deepEqual(infos.map((info) => info.path), ['/home/user/m/1', '/home/user/m/2'])
      assert.deepEqual([...(await files.read('m/2', { format: 'bytes' }))], [0, 255])
    })
    await call('files.writeFiles', 'infos', () => files.writeFiles([{ path: 'm/3', data: 'three' }]), (infos) => {
      assert.equal(infos[0].path, '/home/user/m/3')
    })
    await call('files.write (octet-stream, metadata)', 'info', () =>
      files.write('o.bin', new Blob(['raw']), { useOctetStream: true, metadata: { Kind: 'x' } }), (info) => {
      assert.deepEqual(info.metadata, { kind: 'x' })
    })
    await call('files.write (gzip)', 'info', () => files.write('z.txt', 'z'.repeat(10_000), { gzip: true }), async () => {
      assert.equal(await files.read('z.txt'), 'z'.repeat(10_000))
    })
    await call('files.write (empty)', 'info', () => files.write('empty', ''), async () => assert.equal(await files.read('empty'), ''))
    const large = 'line\n'.repeat(400_000)
    await call('files.write (2 MB)', 'info', () => files.write('large', large), async () => {
      assert.equal(await files.read('large'), large)
    })
    await call('files.read', 'FileNotFoundError', () => files.read('/nope'), (error) => {
      assert.match(error.message, /path '\/nope' does not exist/)
    })
    await call('files.read (directory)', 'InvalidArgumentError', () => files.read('/home/user/m'))
    await call('files.read (no such user)', 'AuthenticationError', () => files.read('a.txt', { user: 'nobody-here' }))
    await call('files.write (directory)', 'InvalidArgumentError', () => files.write('/home/user/m', 'x'))
  }),

  directories: () => withSandbox(async (sandbox) => {
    const { files } = sandbox
    await call('files.makeDir', 'true', () => files.makeDir('/home/user/d/e'), (made) => assert.equal(made, true))
    await call('files.makeDir', 'false', () => files.makeDir('/home/user/d/e'), (made) => assert.equal(made, false))
    await files.write('/home/user/d/f.txt', '12345', { useOctetStream: true, metadata: { kind: 'y' } })
    await call('files.list', 'entries', () => files.list('/home/user/d'), (entries) => {
      assert.deepEqual(entries.map((entry) => [entry.name, entry.type, entry.path]), [
        ['e', 'dir', '/home/user/d/e'],
        ['f.txt', 'file', '/home/user/d/f.txt'],
      ])
    })
    await call('files.list (depth)', 'entries', () => files.list('/home/user', { depth: 2 }), (entries) => {
      assert.deepEqual(entries.map((entry) => entry.path), ['/home/user/d', '/home/user/d/e', '/home/user/d/f.txt'])
    })
    await call('files.list', 'FileNotFoundError', () => files.list('/nope'))
    await call('files.list (file)', 'InvalidArgumentError', () => files.list('/home/user/d/f.txt'))
    await call('files.getInfo', 'info', () => files.getInfo('/home/user/d/f.txt'), (info) => {
      assert.equal(info.size, 5)
      assert.equal(info.type, 'file')
      assert.equal(info.permissions, '-rw-r--r--')
      assert.equal(info.mode, 0o644)
      assert.ok(Math.abs(info.modifiedTime - Date.now()) < 60_000)
      assert.deepEqual(info.metadata, { kind: 'y' })
    })
    await sandbox.commands.run('ln -s f.txt d/link')
    await call('files.getInfo (link)', 'info', () => files.getInfo('d/link'), (info) => {
      assert.ok(info.symlinkTarget.endsWith('/d/f.txt'))
      assert.equal(info.type, 'file')
    })
    await call('files.getInfo', 'FileNotFoundError', () => files.getInfo('/nope'))
    await call('files.exists', 'true', () => files.exists('d'), (exists) => assert.equal(exists, true))
    await call('files.exists', 'false', () => files.exists('nope'), (exists) => assert.equal(exists, false))
    await call('files.rename', 'info', () => files.rename('/home/user/d/f.txt', '/home/user/g/h.txt'), async (info) => {
      assert.equal(info.path, '/home/user/g/h.txt')
      assert.equal(await files.read('g/h.txt'), '12345')
    })
    await call('files.rename', 'FileNotFoundError', () => files.rename('/nope', '/home/user/n'))
    await call('files.remove', 'done', () => files.remove('d'), async () => assert.equal(await files.exists('d'), false))
    await call('files.remove (nothing there)', 'done', () => files.remove('d'))
  }),

  watch: () => withSandbox(async (sandbox) => {
    const { files } = sandbox
    await files.makeDir('w')
    const seen = []
    const handle = await call('files.watchDir', 'handle', () =>
      files.watchDir('/home/user/w', (event) => { seen.push(event) }, { recursive: true, includeEntry: true }))
    await files.write('w/new.txt', 'x')
    await until(() => seen.some((event) => event.type === 'create' && event.name === 'new.txt' && event.entry?.size === 1))
    await files.remove('w/new.txt')
    await until(() => seen.some((event) => event.type === 'remove' && event.name === 'new.txt'))
    await call('WatchHandle.stop', 'done', () => handle.stop())
    await call('files.watchDir', 'FileNotFoundError', () => files.watchDir('/nope', () => {}))
    await call('files.watchDir (file)', 'InvalidArgumentError', async () => {
      await files.write('plain', 'x')
      return files.watchDir('plain', () => {})
    })
  }),

  urls: () => withSandbox(async (sandbox) => {
    const upload = await call('sandbox.uploadUrl', 'url', () => sandbox.uploadUrl('signed.txt', { useSignature: true }), async (url) => {
      const form = new FormData()
      form.append('file', new Blob(['by url']), 'signed.txt')
      assert.equal((await fetch(url, { method: 'POST', body: form })).status, 200)
    })
    assert.ok(upload)
    const url = await call('sandbox.downloadUrl', 'url', () =>
      sandbox.downloadUrl('signed.txt', { useSignature: true, useSignatureExpiration: 60 }), async (signed) => {
      assert.equal(await (await fetch(signed)).text(), 'by url')
    })
    await call('sandbox.downloadUrl (changed)', 'refused', async () => fetch(url.replace('signed.txt', 'other.txt')), (answer) => {
      assert.ok(answer.status >= 400)
    })
  }),

  snapshots: () => withSandbox(async (sandbox) => {
    await sandbox.files.write('kept', 'yes')
    const snapshot = await call('sandbox.createSnapshot', 'snapshot', () => sandbox.createSnapshot({ name: 'conformance' }), (made) => {
      assert.match(made.snapshotId, /conformance:default$/)
      assert.equal(made.names.length, 1)
    })
    await call('Sandbox.createSnapshot', 'SandboxNotFoundError', () => Sandbox.createSnapshot(UNKNOWN))
    await call('Sandbox.listSnapshots', 'page', () => Sandbox.listSnapshots({ sandboxId: sandbox.sandboxId }).nextItems(), (items) => {
      assert.deepEqual(items.map((item) => item.snapshotId), [snapshot.snapshotId])
    })
    await call('Sandbox.create (snapshot)', 'sandbox', () => Sandbox.create(snapshot.snapshotId), async (copy) => {
      assert.equal(await copy.files.read('kept'), 'yes')
      await copy.kill()
    })
    await call('Sandbox.deleteSnapshot', 'true', () => Sandbox.deleteSnapshot(snapshot.snapshotId), (done) => assert.equal(done, true))
    await call('Sandbox.deleteSnapshot', 'false', () => Sandbox.deleteSnapshot(snapshot.snapshotId), (done) => assert.equal(done, false))
    await call('sandbox.fork', 'sandboxes', () => sandbox.fork({ count: 2 }), async (forks) => {
      assert.equal(forks.length, 2)
      assert.equal(await forks[1].files.read('kept'), 'yes')
      await Promise.all(forks.map((each) => each.kill()))
    })
    await call('Sandbox.fork', 'SandboxNotFoundError', () => Sandbox.fork(UNKNOWN))
  }),

  async faults() {
    await fault(CREATE, 'RATE_LIMITED', { millis: 1000 })
    await call('Sandbox.create (429 with Retry-After)', 'sandbox', async () => {
      const begun = Date.now()
      const sandbox = await Sandbox.create()
      await sandbox.kill()
      return Date.now() - begun
    }, (took) => assert.ok(took >= 900))
    await fault(CREATE, 'RATE_LIMITED')
    await call('Sandbox.create (429 without Retry-After)', 'RateLimitError', () => Sandbox.create())
    await fault(CREATE, 'SERVER_ERROR', { status: 503 })
    await call('Sandbox.create (503)', 'ServiceBusyError', () => Sandbox.create())
    await fault(CREATE, 'SERVER_ERROR', { status: 500 })
    await call('Sandbox.create (500)', 'SandboxError', () => Sandbox.create())
    await fault(CREATE, 'LOST_ANSWER')
    await call('Sandbox.create (answer lost)', 'TypeError', () => Sandbox.create(), async () => {
      const left = await Sandbox.list().nextItems()
      assert.ok(left.length >= 1)
      await Promise.all(left.map((each) => Sandbox.kill(each.sandboxId)))
    })
    await withSandbox(async (sandbox) => {
      for (const status of [502, 503, 504]) {
        await fault(START, 'SERVER_ERROR', { status })
        await call(`commands.run (${status})`, 'SandboxNotFoundError', () => sandbox.commands.run('true'))
      }
      await fault(START, 'RATE_LIMITED')
      await call('commands.run (429)', 'SandboxNotFoundError', () => sandbox.commands.run('true'))
      await fault(START, 'SERVER_ERROR', { status: 500 })
      await call('commands.run (500)', 'SandboxError', () => sandbox.commands.run('true'))
      await fault(START, 'CUT')
      await call('commands.run (stream cut)', 'SandboxError', () => sandbox.commands.run('echo x'), (error) => {
        assert.match(error.message, /terminated/)
      })
      await fault('GET /files', 'RATE_LIMITED')
      await call('files.read (429)', 'RateLimitError', () => sandbox.files.read('a'))
      await fault('POST /files', 'SERVER_ERROR', { status: 507 })
      await call('files.write (disk full)', 'NotEnoughSpaceError', () => sandbox.files.write('a', 'x'))
      await fault(START, 'SLOW', { millis: 1000 })
      await call('commands.run (slow)', 'result', () => sandbox.commands.run('echo slow'), (result) => {
        assert.equal(result.stdout, 'slow\n')
      })
      await heal()
      await fault(START, 'SANDBOX_DIES', { millis: 300 })
      await call('commands.run (sandbox dies)', 'TimeoutError', () => sandbox.commands.run('sleep 20'))
    })
  },
})
