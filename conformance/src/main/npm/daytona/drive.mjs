// Drives a simulator of Daytona with Daytona's own SDK, as its README and our backend use it. Where it is and the key are in the
// SDK's environment variables; DAYTONA_TERMINAL_API_URL is of one whose sandboxes have terminals, if the first one's have none.
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Daytona, Image } from '@daytona/sdk'
import { assert, call, fault, heal, run, until } from '../witness.mjs'

const url = process.env.DAYTONA_API_URL
const key = process.env.DAYTONA_API_KEY

function client(apiUrl = url, apiKey = key) {
  return new Daytona({ apiKey, apiUrl, target: 'us', useDeprecatedPolling: true })
}

/** The method succeeds, in a certain use, and with what the check wants. */
const works = (method, use, action, check) =>
  call(use === 'success' ? method : `${method} (${use})`, 'result', action, check)

/** The method is refused with an error of that class, and of that status and code. */
const refused = (method, error, status, action, code) =>
  call(method, error, action, (thrown) => {
    assert.equal(thrown.statusCode, status)
    if (code) assert.equal(thrown.code ?? thrown.errorCode, code)
    assert.ok(thrown.message, 'no message')
  })

/** Gives a sandbox to a group and deletes it afterwards. */
async function withSandbox(use, options = {}, daytona = client()) {
  const sandbox = await daytona.create(options)
  try {
    await use(sandbox, daytona)
  } finally {
    await sandbox.delete()
  }
}

async function collected(iterator) {
  const all = []
  for await (const each of iterator) all.push(each)
  return all
}

async function create() {
  const daytona = client()
  const name = `witness-${randomBytes(4).toString('hex')}`
  const sandbox = await works(
    'daytona.create', 'of the default snapshot',
    () => daytona.create({ name, envVars: { A: '1' }, labels: { witness: name }, autoStopInterval: 5 }),
    (made) => {
      assert.equal(made.state, 'started')
      assert.equal(made.name, name)
      assert.equal(made.env.A, '1')
      assert.equal(made.autoStopInterval, 5)
      assert.equal(made.autoArchiveInterval, 10080)
      assert.match(made.id, /^[0-9a-f-]{36}$/)
    })
  await refused('daytona.create', 'DaytonaConflictError', 409, () => daytona.create({ name }))
  await refused('daytona.create', 'DaytonaValidationError', 400, () => daytona.create({ snapshot: 'there-is-none' }))
  await refused('daytona.create', 'DaytonaNotFoundError', 404,
    () => new Daytona({ apiKey: key, apiUrl: url, target: 'mars', useDeprecatedPolling: true }).create())
  await refused('daytona.create', 'DaytonaAuthenticationError', 401, () => client(undefined, 'dtn_wrong').create())
  await refused('daytona.create', 'DaytonaAuthorizationError', 403, () => client(undefined, 'dtn_reader').create())
  await works('daytona.create', 'of an image with resources',
    () => daytona.create({ image: Image.debianSlim('3.12'), resources: { cpu: 2, memory: 4, disk: 8 } }),
    async (made) => {
      assert.deepEqual([made.cpu, made.memory, made.disk], [2, 4, 8])
      assert.match(made.buildInfo.dockerfileContent, /^FROM python:3\.12/)
      await made.delete()
    })
  await works('daytona.create', 'ephemeral, gone when it stops',
    () => daytona.create({ ephemeral: true, autoStopInterval: 5 }),
    async (made) => {
      assert.equal(made.autoDeleteInterval, 0)
      await made.stop()
      await until(() => daytona.get(made.id).then(() => false, (error) => error.statusCode === 404))
    })
  await works('daytona.get', 'by id', () => daytona.get(sandbox.id), (found) => assert.equal(found.name, name))
  await works('daytona.get', 'by name', () => daytona.get(name), (found) => assert.equal(found.id, sandbox.id))
  await refused('daytona.get', 'DaytonaNotFoundError', 404, () => daytona.get('there-is-none'))
  await refused('daytona.get', 'DaytonaAuthenticationError', 401, () => client(undefined, 'dtn_wrong').get(name))
  await works('daytona.list', 'page by page', async () => {
    const others = await Promise.all([1, 2].map((n) => daytona.create({ labels: { witness: name, n: String(n) } })))
    const found = await collected(daytona.list({ labels: { witness: name }, limit: 1 }))
    await Promise.all(others.map((other) => other.delete()))
    return found.map((each) => each.id).sort()
  }, (ids) => {
    assert.equal(ids.length, 3)
    assert.ok(ids.includes(sandbox.id))
  })
  await works('daytona.list', 'by states', () => collected(daytona.list({ labels: { witness: name }, states: ['stopped', 'archived'] })),
    (found) => assert.deepEqual(found.map((each) => each.id), []))
  await refused('daytona.list', 'DaytonaValidationError', 400, () => collected(daytona.list({ limit: 500 })))
  await sandbox.delete()
}

async function settings(sandbox, daytona) {
  const name = sandbox.name
  await works('sandbox.refreshData', 'success', () => sandbox.refreshData(), () => assert.equal(sandbox.state, 'started'))
  await works('sandbox.setLabels', 'replaces all', () => sandbox.setLabels({ witness: name, b: '2' }),
    (labels) => assert.deepEqual(labels, { witness: name, b: '2' }))
  await works('sandbox.setAutostopInterval', 'success', () => sandbox.setAutostopInterval(30))
  await works('sandbox.setAutoArchiveInterval', 'success', () => sandbox.setAutoArchiveInterval(60))
  await works('sandbox.setAutoDeleteInterval', 'success', () => sandbox.setAutoDeleteInterval(90))
  await works('sandbox.setTtl', 'success', () => sandbox.setTtl(600), async () => {
    const fresh = await daytona.get(sandbox.id)
    assert.deepEqual([fresh.autoStopInterval, fresh.autoArchiveInterval, fresh.autoDeleteInterval], [30, 60, 90])
  })
  await refused('sandbox.setAutoPauseInterval', 'DaytonaValidationError', 400, () => sandbox.setAutoPauseInterval(5))
  await works('sandbox.updateNetworkSettings', 'success', () => sandbox.updateNetworkSettings({ networkAllowList: '10.0.0.0/8' }),
    () => assert.equal(sandbox.networkAllowList, '10.0.0.0/8'))
  await refused('sandbox.updateNetworkSettings', 'DaytonaValidationError', 400,
    () => sandbox.updateNetworkSettings({ networkAllowList: 'nonsense' }))
  await works('sandbox.refreshActivity', 'success', () => sandbox.refreshActivity())
  await works('sandbox.getPreviewLink', 'success', () => sandbox.getPreviewLink(3000), (link) => {
    assert.match(link.url, new RegExp(`^http://3000-${sandbox.id}\\.`))
    assert.match(link.token, /^[a-z0-9]{32}$/)
  })
  await refused('sandbox.getPreviewLink', 'DaytonaValidationError', 400, () => sandbox.getPreviewLink(70000))
  const signed = await works('sandbox.getSignedPreviewUrl', 'success', () => sandbox.getSignedPreviewUrl(3000, 120),
    (made) => {
      assert.equal(made.port, 3000)
      assert.ok(made.url.includes(`3000-${made.token}.`))
    })
  await refused('sandbox.getSignedPreviewUrl', 'DaytonaValidationError', 400, () => sandbox.getSignedPreviewUrl(3000, 100000))
  await works('sandbox.expireSignedPreviewUrl', 'success', () => sandbox.expireSignedPreviewUrl(3000, signed?.token))
  await refused('sandbox.expireSignedPreviewUrl', 'DaytonaNotFoundError', 404,
    () => sandbox.expireSignedPreviewUrl(3000, signed?.token))
  const ssh = await works('sandbox.createSshAccess', 'success', () => sandbox.createSshAccess(10),
    (access) => assert.equal(access.sandboxId, sandbox.id))
  await works('sandbox.validateSshAccess', 'success', () => sandbox.validateSshAccess(ssh?.token),
    (answer) => assert.deepEqual(answer, { valid: true, sandboxId: sandbox.id }))
  await works('sandbox.revokeSshAccess', 'success', () => sandbox.revokeSshAccess(ssh?.token))
}

async function lifecycle() {
  const daytona = client()
  const sandbox = await daytona.create()
  await works('sandbox.resize', 'more of a running one', () => sandbox.resize({ cpu: 2, memory: 2 }), () => {
    assert.equal(sandbox.cpu, 2)
    assert.equal(sandbox.state, 'started')
  })
  await refused('sandbox.resize', 'DaytonaValidationError', 400, () => sandbox.resize({ cpu: 1 }))
  await refused('sandbox.pause', 'DaytonaUnprocessableEntityError', 422, () => sandbox.pause())
  await refused('sandbox.archive', 'DaytonaValidationError', 400, () => sandbox.archive())
  await refused('sandbox.recover', 'DaytonaValidationError', 400, () => sandbox.recover())
  await works('sandbox.start', 'of a started one', () => sandbox.start())
  await works('sandbox.stop', 'success', () => sandbox.stop(), () => assert.equal(sandbox.state, 'stopped'))
  await refused('sandbox.stop', 'DaytonaValidationError', 400, () => sandbox.stop())
  await refused('process.executeCommand', 'DaytonaValidationError', 400, () => sandbox.process.executeCommand('true'))
  await works('sandbox.start', 'success', () => sandbox.start(), async () => {
    assert.equal(sandbox.state, 'started')
    assert.equal((await sandbox.process.executeCommand('echo again')).result, 'again\n')
  })
  await works('sandbox.stop', 'by force', () => sandbox.stop(60, true))
  await works('sandbox.archive', 'success', () => sandbox.archive(),
    () => until(async () => (await daytona.get(sandbox.id)).state === 'archived'))
  await works('daytona.start', 'of an archived one', () => daytona.start(sandbox, 30))
  await works('daytona.delete', 'success', () => daytona.delete(sandbox, 30, true), async () => {
    await assert.rejects(daytona.get(sandbox.id), { statusCode: 404 })
  })
  await refused('sandbox.refreshData', 'DaytonaNotFoundError', 404, () => sandbox.refreshData())
  await refused('process.executeCommand', 'DaytonaAuthenticationError', 401, () => sandbox.process.executeCommand('true'))
}

async function commands(sandbox) {
  const run = sandbox.process
  await works('process.executeCommand', 'success', () => run.executeCommand('echo "Hello, World!"; echo err >&2'),
    (answer) => {
      assert.equal(answer.exitCode, 0)
      assert.equal(answer.result, 'Hello, World!\nerr\n')
    })
  await works('process.executeCommand', 'with directory and environment',
    () => run.executeCommand('pwd; echo $X', '/tmp', { X: 'y z' }), (answer) => assert.equal(answer.result, '/tmp\ny z\n'))
  await works('process.executeCommand', 'with another exit code', () => run.executeCommand('exit 7'),
    (answer) => assert.equal(answer.exitCode, 7))
  await works('process.executeCommand', 'in a directory that is not there', () => run.executeCommand('true', '/nowhere'),
    (answer) => assert.equal(answer.exitCode, -1))
  await refused('process.executeCommand', 'DaytonaProcessExecutionTimeoutError', 408,
    () => run.executeCommand('sleep 60', undefined, undefined, 1), 'PROCESS_EXECUTION_TIMEOUT')
  await works('sandbox.getWorkDir', 'success', () => sandbox.getWorkDir(), (dir) => assert.match(dir, /^\//))
  await works('sandbox.getUserHomeDir', 'success', () => sandbox.getUserHomeDir(), (dir) => assert.match(dir, /^\//))
  await works('sandbox.updateEnv', 'success', () => sandbox.updateEnv({ LATER: 'set' }),
    async () => assert.equal((await run.executeCommand('echo $LATER')).result, 'set\n'))
}

async function sessions(sandbox) {
  const run = sandbox.process
  await works('process.createSession', 'success', () => run.createSession('s1'))
  await refused('process.createSession', 'DaytonaConflictError', 409, () => run.createSession('s1'), 'CONFLICT')
  await works('process.executeSessionCommand', 'success', () => run.executeSessionCommand('s1', { command: 'cd /tmp; export A=1' }),
    (answer) => assert.equal(answer.exitCode, 0))
  const split = await works('process.executeSessionCommand', 'what went before counts, streams apart',
    () => run.executeSessionCommand('s1', { command: 'echo "$A in $PWD"; echo wrong >&2; (exit 3)' }),
    (answer) => {
      assert.equal(answer.exitCode, 3)
      assert.equal(answer.stdout, '1 in /tmp\n')
      assert.equal(answer.stderr, 'wrong\n')
    })
  await refused('process.executeSessionCommand', 'DaytonaNotFoundError', 404,
    () => run.executeSessionCommand('none', { command: 'true' }))
  await works('process.getSessionCommandLogs', 'at once', () => run.getSessionCommandLogs('s1', split?.cmdId),
    (logs) => {
      assert.equal(logs.stdout, '1 in /tmp\n')
      assert.equal(logs.stderr, 'wrong\n')
    })
  await refused('process.getSessionCommandLogs', 'DaytonaNotFoundError', 404, () => run.getSessionCommandLogs('s1', 'none'))
  const slow = await works('process.executeSessionCommand', 'in the background',
    () => run.executeSessionCommand('s1', { command: 'echo one; sleep 0.3; echo zwei é >&2; read x; echo "got $x"', runAsync: true }),
    (answer) => {
      assert.ok(answer.cmdId)
      assert.ok(answer.exitCode === null || answer.exitCode === undefined)
    })
  await works('process.getSessionCommand', 'while it runs', () => run.getSessionCommand('s1', slow?.cmdId),
    (command) => assert.equal(command.exitCode, undefined))
  await works('process.sendSessionCommandInput', 'success', () => run.sendSessionCommandInput('s1', slow?.cmdId, 'input'))
  await works('process.getSessionCommandLogs', 'followed', async () => {
    let out = ''
    let err = ''
    await run.getSessionCommandLogs('s1', slow?.cmdId, (chunk) => (out += chunk), (chunk) => (err += chunk))
    return { out, err }
  }, ({ out, err }) => {
    assert.equal(out.replace('input\n', ''), 'one\ngot input\n')
    assert.ok(out.includes('input\n'))
    assert.equal(err, 'zwei é\n')
  })
  await works('process.getSessionCommand', 'when it has ended', () => run.getSessionCommand('s1', slow?.cmdId),
    (command) => assert.equal(command.exitCode, 0))
  await refused('process.getSessionCommand', 'DaytonaNotFoundError', 404, () => run.getSessionCommand('s1', 'none'))
  await refused('process.sendSessionCommandInput', 'DaytonaCommandAlreadyCompletedError', 410,
    () => run.sendSessionCommandInput('s1', slow?.cmdId, 'late'), 'COMMAND_ALREADY_COMPLETED')
  await works('process.getSession', 'success', () => run.getSession('s1'), (session) => {
    assert.equal(session.sessionId, 's1')
    assert.deepEqual(session.commands.map((command) => command.exitCode), [0, 3, 0])
  })
  await works('process.listSessions', 'success', () => run.listSessions(),
    (all) => assert.deepEqual(all.map((session) => session.sessionId), ['s1']))
  await refused('process.getEntrypointSession', 'DaytonaNotFoundError', 404, () => run.getEntrypointSession())
  await works('process.deleteSession', 'success', () => run.deleteSession('s1'))
  await refused('process.deleteSession', 'DaytonaNotFoundError', 404, () => run.deleteSession('s1'))
  await refused('process.getSession', 'DaytonaNotFoundError', 404, () => run.getSession('s1'))
}

async function code(sandbox, daytona) {
  await works('process.codeRun', 'TypeScript', () => sandbox.process.codeRun('console.log("Hello World!")'),
    (answer) => assert.equal(answer.result, 'Hello World!\n'))
  const python = await daytona.create()
  try {
    await works('process.codeRun', 'Python',
      () => python.process.codeRun('import os, sys\nprint(sys.argv[1:], os.environ["E"])', { argv: ['a'], env: { E: '1' } }, 20),
      (answer) => assert.equal(answer.result, "['a'] 1\n"))
    await works('process.codeRun', 'with an error', () => python.process.codeRun('raise ValueError("no")'), (answer) => {
      assert.equal(answer.exitCode, 1)
      assert.match(answer.result, /ValueError: no/)
    })
    await refused('process.codeRun', 'DaytonaProcessExecutionTimeoutError', 408,
      () => python.process.codeRun('import time; time.sleep(60)', undefined, 1))
  } finally {
    await python.delete()
  }
}

async function files(sandbox) {
  const fs = sandbox.fs
  const here = await mkdtemp(join(tmpdir(), 'witness-'))
  try {
    await works('fs.createFolder', 'success', () => fs.createFolder('/tmp/made', '750'))
    await refused('fs.createFolder', 'DaytonaValidationError', 400, () => fs.createFolder('/tmp/made', 'rwx'))
    await works('fs.uploadFile', 'success', () => fs.uploadFile(Buffer.from('Hello, World!'), '/tmp/made/path/to/file.txt'))
    const large = randomBytes(2_000_000)
    await writeFile(join(here, 'large'), large)
    await works('fs.uploadFile', 'of this host', () => fs.uploadFile(join(here, 'large'), '/tmp/made/large'))
    await refused('fs.uploadFile', 'DaytonaValidationError', 400, () => fs.uploadFile(Buffer.from('x'), '/proc/no/file'))
    await works('fs.uploadFiles', 'success', () => fs.uploadFiles([
      { source: Buffer.from('TODO: one\ntwo\n'), destination: '/tmp/made/a.txt' },
      { source: Buffer.from(''), destination: '/tmp/made/ü b.txt' }]))
    await works('fs.downloadFile', 'success', () => fs.downloadFile('/tmp/made/path/to/file.txt'),
      (content) => assert.equal(content.toString(), 'Hello, World!'))
    await works('fs.downloadFile', 'to this host', () => fs.downloadFile('/tmp/made/large', join(here, 'back')),
      async () => assert.ok(large.equals(await readFile(join(here, 'back')))))
    await refused('fs.downloadFile', 'DaytonaFileNotFoundError', 404, () => fs.downloadFile('/tmp/made/none'), 'FILE_NOT_FOUND')
    await works('fs.downloadFiles', 'errors among files',
      () => fs.downloadFiles([{ source: '/tmp/made/a.txt' }, { source: '/tmp/made/none' }]), (all) => {
        assert.equal(all[0].result.toString(), 'TODO: one\ntwo\n')
        assert.ok(all[1].error)
      })
    await works('fs.downloadFileStream', 'success', () => fs.downloadFileStream('/tmp/made/large'), async (stream) => {
      const chunks = await collected(stream)
      assert.ok(large.equals(Buffer.concat(chunks)))
    })
    await works('fs.getFileDetails', 'success', () => fs.getFileDetails('/tmp/made/a.txt'), (info) => {
      assert.equal(info.name, 'a.txt')
      assert.equal(info.size, 14)
      assert.equal(info.isDir, false)
      assert.equal(info.mode, '-rw-r--r--')
      assert.equal(info.permissions, '0644')
    })
    await refused('fs.getFileDetails', 'DaytonaFileNotFoundError', 404, () => fs.getFileDetails('/tmp/made/none'), 'FILE_NOT_FOUND')
    await works('fs.listFiles', 'success', () => fs.listFiles('/tmp/made'),
      (all) => assert.deepEqual(all.map((file) => file.name), ['a.txt', 'large', 'path', 'ü b.txt']))
    await works('fs.listFiles', 'two levels deep', () => fs.listFiles('/tmp/made', { depth: 2 }),
      (all) => assert.ok(all.some((file) => file.path === '/tmp/made/path/to')))
    await refused('fs.listFiles', 'DaytonaFileNotFoundError', 404, () => fs.listFiles('/tmp/made/none'))
    await refused('fs.listFiles', 'DaytonaValidationError', 400, () => fs.listFiles('/tmp/made/a.txt'))
    await works('fs.findFiles', 'success', () => fs.findFiles('/tmp/made', 'TODO:'), (found) =>
      assert.deepEqual(found, [{ file: '/tmp/made/a.txt', line: 1, content: 'TODO: one' }]))
    await works('fs.searchFiles', 'success', () => fs.searchFiles('/tmp/made', '*.txt'), ({ files: found }) =>
      assert.deepEqual([...found].sort(), ['/tmp/made/a.txt', '/tmp/made/path/to/file.txt', '/tmp/made/ü b.txt']))
    await works('fs.replaceInFiles', 'success', () => fs.replaceInFiles(['/tmp/made/a.txt', '/tmp/made/none'], 'TODO', 'DONE'),
      async (results) => {
        assert.deepEqual(results.map((result) => result.success), [true, false])
        assert.equal((await fs.downloadFile('/tmp/made/a.txt')).toString(), 'DONE: one\ntwo\n')
      })
    await works('fs.setFilePermissions', 'success', () => fs.setFilePermissions('/tmp/made/a.txt', { mode: '600' }),
      async () => assert.equal((await fs.getFileDetails('/tmp/made/a.txt')).permissions, '0600'))
    await refused('fs.setFilePermissions', 'DaytonaFileNotFoundError', 404,
      () => fs.setFilePermissions('/tmp/made/none', { mode: '600' }))
    await works('fs.moveFiles', 'success', () => fs.moveFiles('/tmp/made/a.txt', '/tmp/made/b c'))
    await refused('fs.moveFiles', 'DaytonaConflictError', 409, () => fs.moveFiles('/tmp/made/b c', '/tmp/made/large'))
    await refused('fs.moveFiles', 'DaytonaFileNotFoundError', 404, () => fs.moveFiles('/tmp/made/none', '/tmp/made/d'))
    await signedFiles(sandbox)
    await works('fs.deleteFile', 'success', () => fs.deleteFile('/tmp/made/b c'))
    await refused('fs.deleteFile', 'DaytonaFileNotFoundError', 404, () => fs.deleteFile('/tmp/made/b c'))
    await refused('fs.deleteFile', 'DaytonaValidationError', 400, () => fs.deleteFile('/tmp/made'))
    await works('fs.deleteFile', 'with all that is in it', () => fs.deleteFile('/tmp/made', true))
  } finally {
    await rm(here, { recursive: true })
  }
}

async function signedFiles(sandbox) {
  await works('sandbox.uploadUrl', 'anybody may use it', () => sandbox.uploadUrl('/tmp/made/signed', 60), async (address) => {
    const answer = await fetch(address, { method: 'POST', body: 'signed', headers: { 'Content-Type': 'application/octet-stream' } })
    assert.equal(answer.status, 200)
  })
  await works('sandbox.downloadUrl', 'anybody may use it', () => sandbox.downloadUrl('/tmp/made/signed'), async (address) => {
    const answer = await fetch(address)
    assert.equal(await answer.text(), 'signed')
    assert.equal((await fetch(address.replace(/signature=v1_..../, 'signature=v1_AAAA'))).status, 401)
  })
  await works('sandbox.rotateSigningKey', 'success', () => sandbox.rotateSigningKey())
}

async function stock() {
  const daytona = client()
  const name = `witness-${randomBytes(4).toString('hex')}`
  const volume = await works('volume.get', 'makes what is not there', () => daytona.volume.get(name, true),
    (made) => assert.equal(made.name, name))
  await refused('volume.get', 'DaytonaNotFoundError', 404, () => daytona.volume.get('there-is-none'))
  await refused('volume.create', 'DaytonaValidationError', 400, () => daytona.volume.create(name))
  await until(async () => (await daytona.volume.get(name)).state === 'ready')
  await works('volume.list', 'success', () => daytona.volume.list(),
    (all) => assert.ok(all.some((each) => each.id === volume?.id && each.state === 'ready')))
  const sandbox = await works('daytona.create', 'with a volume',
    () => daytona.create({ volumes: [{ volumeId: volume?.id, mountPath: '/home/daytona/data' }] }),
    (made) => assert.equal(made.volumes[0].mountPath, '/home/daytona/data'))
  await refused('volume.delete', 'DaytonaConflictError', 409, () => daytona.volume.delete(volume))
  await works('sandbox.createSnapshot', 'success', async () => {
    await sandbox.process.executeCommand('echo kept > kept')
    await sandbox.createSnapshot(name, 30)
  })
  await until(async () => (await daytona.snapshot.get(name)).state === 'active')
  await works('daytona.create', 'of a snapshot of a sandbox', () => daytona.create({ snapshot: name }), async (made) => {
    assert.equal((await made.process.executeCommand('cat kept')).result, 'kept\n')
    await made.delete()
  })
  await sandbox?.delete(60, true)
  await works('volume.delete', 'success', () => daytona.volume.delete(volume))
  await works('snapshot.create', 'of an image', () => daytona.snapshot.create(
    { name: `${name}-image`, image: 'debian:12.9', resources: { cpu: 1, memory: 2, disk: 4 } }), (made) => {
    assert.equal(made.state, 'active')
    assert.equal(made.mem, 2)
  })
  await refused('snapshot.create', 'DaytonaConflictError', 409,
    () => daytona.snapshot.create({ name: `${name}-image`, image: 'debian:12.9' }))
  await refused('snapshot.create', 'DaytonaValidationError', 400,
    () => daytona.snapshot.create({ name: `${name}-latest`, image: 'debian:latest' }))
  await works('snapshot.list', 'success', () => daytona.snapshot.list(1, 100), (page) => {
    assert.ok(page.items.some((each) => each.name === `${name}-image`))
    assert.equal(page.page, 1)
    assert.equal(page.total, page.items.length)
  })
  const found = await works('snapshot.get', 'by name', () => daytona.snapshot.get(`${name}-image`))
  await refused('snapshot.get', 'DaytonaNotFoundError', 404, () => daytona.snapshot.get('there-is-none'))
  await refused('snapshot.activate', 'DaytonaValidationError', 400, () => daytona.snapshot.activate(found))
  await works('snapshot.delete', 'success', () => daytona.snapshot.delete(found))
  const stocked = await daytona.snapshot.get('daytona-small')
  await refused('snapshot.delete', 'DaytonaAuthorizationError', 403, () => daytona.snapshot.delete(stocked))
}

async function terminals(sandbox) {
  const run = sandbox.process
  let shown = ''
  const decoder = new TextDecoder()
  const pty = await works('process.createPty', 'success', () => run.createPty({
    id: 'p1', cols: 100, rows: 30, cwd: '/tmp', envs: { A: '1 2' }, onData: (data) => (shown += decoder.decode(data, { stream: true })) }),
  (made) => made.waitForConnection())
  await works('pty.sendInput', 'success', () => pty.sendInput('echo "[$A]"; pwd; stty size\n'),
    () => until(() => shown.includes('[1 2]\r\n/tmp\r\n30 100\r\n')))
  await refused('process.createPty', 'DaytonaConnectionError', undefined, () => run.createPty({ id: 'p1', onData: () => {} }))
  await works('process.listPtySessions', 'success', () => run.listPtySessions(),
    (all) => assert.deepEqual(all.map((each) => [each.id, each.active]), [['p1', true]]))
  await works('process.getPtySessionInfo', 'success', () => run.getPtySessionInfo('p1'), (info) => assert.equal(info.cols, 100))
  await refused('process.getPtySessionInfo', 'DaytonaNotFoundError', 404, () => run.getPtySessionInfo('none'))
  await works('process.resizePtySession', 'success', () => run.resizePtySession('p1', 132, 43), (info) => assert.equal(info.rows, 43))
  await refused('process.resizePtySession', 'DaytonaGoneError', 410, () => run.resizePtySession('none', 80, 24))
  await works('pty.resize', 'success', () => pty.resize(120, 40))
  await works('pty.wait', 'another exit code', async () => {
    await pty.sendInput('stty size; exit 7\n')
    return pty.wait()
  }, (end) => {
    assert.equal(end.exitCode, 7)
    assert.ok(shown.includes('40 120\r\n'))
  })
  const second = await run.createPty({ id: 'p2', onData: () => {} })
  await second.waitForConnection()
  await works('process.connectPty', 'success', () => run.connectPty('p2', { onData: () => {} }), (joined) => joined.disconnect())
  await works('process.killPtySession', 'success', () => run.killPtySession('p2'),
    async () => assert.equal((await second.wait()).exitCode, 137))
  await refused('process.killPtySession', 'DaytonaNotFoundError', 404, () => run.killPtySession('p2'))
}

async function git(sandbox) {
  const { git: repository, process: run } = sandbox
  await run.executeCommand('git init -q -b main /tmp/origin && cd /tmp/origin && echo one > a && git add a'
    + ' && git -c user.name=N -c user.email=e@example.org commit -q -m first')
  await works('git.clone', 'success', () => repository.clone('/tmp/origin', 'path/to/clone'))
  await refused('git.clone', 'DaytonaGitRepoNotFoundError', 404, () => repository.clone('/tmp/nowhere', 'x'), 'GIT_REPO_NOT_FOUND')
  await works('git.branches', 'success', () => repository.branches('path/to/clone'),
    ({ branches }) => assert.deepEqual(branches, ['main']))
  await refused('git.branches', 'DaytonaGitRepoNotFoundError', 404, () => repository.branches('/tmp'))
  await run.executeCommand('echo two > "b c"', 'path/to/clone')
  await works('git.add', 'success', () => repository.add('path/to/clone', ['b c']))
  await refused('git.add', 'DaytonaValidationError', 400, () => repository.add('/tmp', ['a']))
  await works('git.status', 'success', () => repository.status('path/to/clone'), (status) => {
    assert.equal(status.currentBranch, 'main')
    assert.equal(status.fileStatus[0].staging, 'Added')
  })
  await works('git.commit', 'success', () => repository.commit('path/to/clone', 'second', 'N', 'e@example.org'),
    ({ sha }) => assert.match(sha, /^[0-9a-f]{40}$/))
  await works('git.createBranch', 'success', () => repository.createBranch('path/to/clone', 'feature'))
  await refused('git.createBranch', 'DaytonaGitBranchExistsError', 409, () => repository.createBranch('path/to/clone', 'feature'))
  await works('git.checkoutBranch', 'success', () => repository.checkoutBranch('path/to/clone', 'main'))
  await works('git.deleteBranch', 'success', () => repository.deleteBranch('path/to/clone', 'feature'))
}

/** Sandboxes of the simulator have no language server, and say so. */
async function language(sandbox) {
  const server = await sandbox.createLspServer('typescript', 'path/to/project')
  await refused('lsp.start', 'DaytonaInternalServerError', 500, () => server.start())
  const file = 'path/to/file.ts'
  const none = 'DaytonaLspServerNotInitializedError'
  await refused('lsp.didOpen', none, 400, () => server.didOpen(file))
  await refused('lsp.documentSymbols', none, 400, () => server.documentSymbols(file))
  await refused('lsp.completions', none, 400, () => server.completions(file, { line: 10, character: 15 }))
}

async function faults(sandbox, daytona) {
  const create = 'POST /api/sandbox'
  const execute = 'POST /toolbox/{sandboxId}/process/execute'
  await fault(create, 'RATE_LIMITED', { millis: 7000 })
  await call('daytona.create (too often)', 'DaytonaRateLimitError', () => daytona.create(), (error) => {
    assert.equal(error.statusCode, 429)
    assert.equal(error.headers?.['retry-after-sandbox-create'], '7')
  })
  await fault('GET /api/sandbox/{sandboxIdOrName}', 'SERVER_ERROR', { status: 500 })
  await refused('daytona.get', 'DaytonaInternalServerError', 500, () => daytona.get(sandbox.id))
  await fault('GET /api/sandbox', 'SERVER_ERROR', { status: 503 })
  await refused('daytona.list', 'DaytonaServiceUnavailableError', 503, () => collected(daytona.list()))
  await fault(execute, 'SERVER_ERROR', { status: 502 })
  await refused('process.executeCommand', 'DaytonaBadGatewayError', 502, () => sandbox.process.executeCommand('true'))
  await fault(execute, 'SLOW', { millis: 500 })
  await works('process.executeCommand', 'slow', () => sandbox.process.executeCommand('echo slow'),
    (answer) => assert.equal(answer.result, 'slow\n'))
  await heal()
  await fault(execute, 'SANDBOX_DIES', { millis: 300 })
  await call('process.executeCommand (the sandbox dies)', 'DaytonaBadGatewayError', () => sandbox.process.executeCommand('sleep 20'))
}

await run({
  create,
  settings: () => withSandbox(settings),
  lifecycle,
  commands: () => withSandbox(commands),
  sessions: () => withSandbox(sessions),
  code: () => withSandbox(code, { language: 'typescript' }),
  files: () => withSandbox(files),
  git: () => withSandbox(git),
  language: () => withSandbox(language),
  stock,
  terminals: () => withSandbox(terminals, {}, client(process.env.DAYTONA_TERMINAL_API_URL)),
  faults: () => withSandbox(faults),
})
