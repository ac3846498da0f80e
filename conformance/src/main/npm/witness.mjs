// What the drivers share: records what an official SDK says about each call, and asks the harness for faults.
//
// To the harness on standard output, a line each, after an @: {"call", "outcome", "passed", "detail"}, {"fault"}, {"heal"}.
// It answers the last two with a line on standard input when they are done.
import assert from 'node:assert/strict'
import { createInterface } from 'node:readline'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const CALL_MS = 20_000
const stopAtFailure = process.env.WITNESS_STOP === '1'

const tell = (message) => process.stdout.write('@' + JSON.stringify(message) + '\n')

async function ask(message) {
  tell(message)
  await lines.next()
}

/** Lets the next request to a route go wrong: kind as in SimulatorFault, with millis or status. */
export const fault = (route, kind, more = {}) => ask({ fault: { route, kind, ...more } })

/** Ends all faults. */
export const heal = () => ask({ heal: true })

export { assert }

const nameOf = (error) => error?.constructor?.name ?? typeof error

/** Stops the run at the first failure where that is asked for. */
class Stop extends Error {}

/**
 * Makes a call and compares what comes of it: `outcome` is the name of an error's class, or any other word for a result, which
 * `check` looks at. Answers the result, or undefined after an error that was expected.
 */
export async function call(method, outcome, action, check = () => {}) {
  const expectsError = /Error$/.test(outcome)
  let result, detail, timer
  try {
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`nothing came of it in ${CALL_MS} ms`)), CALL_MS)
    })
    result = await Promise.race([action(), late])
    if (expectsError) detail = `no ${outcome}, but a result`
    else await check(result)
  } catch (error) {
    if (expectsError && nameOf(error) === outcome) {
      try {
        await check(error)
      } catch (unlike) {
        detail = String(unlike.message).slice(0, 500)
      }
    } else {
      detail = `${nameOf(error)}: ${String(error?.message).slice(0, 500)}`
    }
  } finally {
    clearTimeout(timer)
  }
  tell({ call: method, outcome, passed: detail === undefined, detail })
  if (detail !== undefined && stopAtFailure) throw new Stop()
  return result
}

/** Waits until something holds, at most 10 seconds. */
export async function until(condition) {
  for (let i = 0; i < 500; i++) {
    if (await condition()) return
    await new Promise((done) => setTimeout(done, 20))
  }
  throw new Error('it did not come to hold: ' + condition)
}

/** Runs the groups that were named as arguments, or all. */
export async function run(groups) {
  const wanted = process.argv.slice(2)
  for (const [name, group] of Object.entries(groups)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue
    try {
      await group()
    } catch (error) {
      if (error instanceof Stop) break
      tell({ call: name, outcome: 'the group goes on', passed: false, detail: String(error?.stack).slice(0, 800) })
      if (stopAtFailure) break
    }
  }
  tell({ done: true })
  process.exit(0)
}
