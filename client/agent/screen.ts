// Draws the agent's screen: the card that the server made, the time that is left, and what has just ended.

import type { OfferView, ScreenView } from '../../wire/src/agent-screen.ts'
import { answerOffer } from './desktop-api.ts'

const TICK_MS = 250
const MAX_ENDED = 6
const INERT_MS = 600
const MOVED_PX = 4
const SAID_MS = 10_000
const TITLE = document.title

const WORDS: { readonly [reason: string]: string } = {
  Accept: 'Accepted',
  AutoAccept: 'Accepted automatically',
  DeclinedByAgent: 'Declined',
  NotificationQueueLimitExceeded: 'Turned away: ten were waiting',
  NotificationQueueTimeLimitExceeded: 'Waited too long in line',
  DisplayTimeout: 'Not answered in time',
  Cancelled: 'Withdrawn',
}

function part(id: string): HTMLElement {
  const found = document.getElementById(id)
  if (!found) throw new Error(`the page has no #${id}`)
  return found
}

/** `time` is null for an offer without a timeout. */
let shown: { offer: OfferView; time: { totalMs: number; endsAtMs: number } | null } | null = null

/** `atMs`: when this state arrived, by performance.now(). All other times are on the server's clock. */
export function drawScreen(screen: ScreenView, atMs: number): void {
  const { displayed } = screen
  if (displayed?.id !== shown?.offer.id) drawCard(screen)
  shown = displayed && { offer: displayed, time: timeOf(displayed, screen.now, atMs) }
  part('idle').hidden = displayed !== null
  part('waiting').hidden = screen.waiting === 0
  part('waiting').textContent =
    screen.waiting === 1 ? '1 more is waiting' : `${screen.waiting} more are waiting`
  drawEnded(screen.ended)
  drawTime()
}

function timeOf({ deadline, displayedAt }: OfferView, now: string, atMs: number) {
  if (!deadline || !displayedAt) return null
  const deadlineMs = Date.parse(deadline)
  return { totalMs: deadlineMs - Date.parse(displayedAt), endsAtMs: atMs + deadlineMs - Date.parse(now) }
}

/** Shows nothing, as when nobody is signed in. */
export function clearScreen(): void {
  const nothing = { displayed: null, card: null, waiting: 0, openIds: [], ended: [] }
  drawScreen({ ...nothing, now: new Date().toISOString() }, performance.now())
}

/**
 * When a card may be answered. A click that was meant for the call before must not answer this one: a new card is inert for a moment, and
 * a mouse that lay where it has appeared has to move over it first.
 */
type Guard = {
  isNew: boolean
  from: { x: number; y: number } | null
  hasMoved: boolean
  pressedBy: string
  /** Pressed again after it was told that nothing was answered. Somebody whose mouse cannot move is not shut out. */
  isToldOf: boolean
}
const newGuard = (): Guard => ({ isNew: true, from: null, hasMoved: false, pressedBy: '', isToldOf: false })
let guard = newGuard()

function mayAnswer(event: MouseEvent): boolean {
  if (guard.isNew) return false
  // From the press, because a click says what made it only in newer browsers: on a phone nothing moves before a tap.
  const byMouse = event.detail > 0 && guard.pressedBy === 'mouse'
  return !byMouse || guard.hasMoved || guard.isToldOf
}

/** The same card may be answered by a press that comes a moment later. */
function refusePress(): void {
  const pressed = guard
  if (!pressed.isNew)
    setTimeout(() => {
      pressed.isToldOf = true
    }, INERT_MS)
  say('This call has just appeared: nothing was answered. Move the mouse, or press again in a moment.')
}

function followMouse({ pointerType, clientX: x, clientY: y }: PointerEvent): void {
  if (pointerType !== 'mouse') return
  guard.from ??= { x, y }
  if (Math.hypot(x - guard.from.x, y - guard.from.y) >= MOVED_PX) guard.hasMoved = true
}

let hideSaid: ReturnType<typeof setTimeout> | undefined

/** What the agent has to know at once: where the agent looks, and for screen readers. */
function say(text: string): void {
  // A new element, so that the same sentence is spoken again.
  const spoken = document.createElement('span')
  spoken.textContent = text
  part('announce').replaceChildren(spoken)
  part('said').textContent = text
  part('said').hidden = false
  clearTimeout(hideSaid)
  hideSaid = setTimeout(() => {
    part('said').hidden = true
  }, SAID_MS)
}

function drawCard({ displayed, card }: ScreenView): void {
  const fresh = newGuard()
  guard = fresh
  setTimeout(() => {
    fresh.isNew = false
    if (guard === fresh) document.querySelector('#screen article')?.setAttribute('data-answerable', '')
  }, INERT_MS)
  const container = part('screen')
  const hadFocus = container.contains(document.activeElement)
  // The server made this HTML and escaped every text in it. The page's content security policy also lets no script in it run.
  container.innerHTML = card ?? ''
  document.title = displayed ? `● ${displayed.title}` : TITLE
  part('announce').textContent = displayed ? `Incoming: ${displayed.title}` : ''
  const next = container.querySelector('article') ?? part('offers-title')
  // The card gets the focus only if nobody uses it elsewhere: an agent who types in a provider's page must not be interrupted.
  if (hadFocus || (displayed && document.activeElement === document.body)) next.focus({ preventScroll: true })
}

function drawTime(): void {
  const seconds = document.querySelector('#screen .seconds')
  const rest = document.querySelector<HTMLElement>('#screen .rest')
  if (!shown || !seconds || !rest) return
  rest.parentElement?.toggleAttribute('hidden', shown.time === null)
  if (!shown.time) return
  const leftMs = Math.max(0, shown.time.endsAtMs - performance.now())
  seconds.textContent = `${Math.ceil(leftMs / 1000)} s`
  rest.style.setProperty('inline-size', `${(100 * leftMs) / Math.max(1, shown.time.totalMs)}%`)
}

function drawEnded(ended: readonly OfferView[]): void {
  const items = ended.slice(0, MAX_ENDED).map(({ id, title, result, endedBy }) => {
    const item = document.createElement('li')
    item.dataset.offer = id
    item.dataset.reason = result?.responseReason ?? ''
    const what = document.createElement('strong')
    what.textContent = title
    const how = document.createElement('span')
    how.textContent = result ? (WORDS[result.responseReason] ?? result.responseReason) : ''
    if (endedBy) item.title = `by ${endedBy}`
    item.append(what, how)
    return item
  })
  part('ended').replaceChildren(...items)
}

/** Starts the countdown and the buttons. */
export function startScreen(): void {
  setInterval(drawTime, TICK_MS)
  part('screen').addEventListener('pointermove', followMouse)
  part('screen').addEventListener('pointerdown', ({ pointerType }) => {
    guard.pressedBy = pointerType
  })
  part('screen').addEventListener('click', event => {
    const button =
      event.target instanceof Element ? event.target.closest<HTMLButtonElement>('[data-answer]') : null
    const answer = button?.dataset.answer
    if (!shown || (answer !== 'accept' && answer !== 'reject')) return
    if (!mayAnswer(event)) return refusePress()
    for (const each of part('screen').querySelectorAll('button')) each.disabled = true
    void send(shown.offer.id, answer)
  })
}

async function send(id: string, answer: 'accept' | 'reject'): Promise<void> {
  try {
    await answerOffer(id, answer)
  } catch (error) {
    const gone = (error as { code?: string }).code === 'OFFER_GONE'
    say(
      gone ? 'Too late: the call was gone already.' : 'That did not reach the server: nothing was answered.',
    )
    for (const each of part('screen').querySelectorAll('button')) each.disabled = false
  }
}
