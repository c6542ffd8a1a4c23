// Named points at which a crash test kills this process with SIGKILL, to see what survives. Off unless the environment
// names one: STANDDOWN_CRASH_AT=cancel:before-commit, or cancel:before-commit#3 for the third time it is passed.

const [wanted, nth] = (process.env.STANDDOWN_CRASH_AT ?? '').split('#')
let left = Number(nth ?? '1')

export function crashPoint(name: string): void {
  if (wanted !== name) return
  left -= 1
  if (left === 0) process.kill(process.pid, 'SIGKILL')
}
