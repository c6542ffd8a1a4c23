// The script of the agent desktop page. This folder frames the providers' pages, answers their calls, and
// shows the agent's offers. It must not import the server, and it must not decide how an offer ended: it
// shows what the server says. The order matters: it listens to the frames first, and follows the screen after
// that.

import { startChannels } from './channels.ts'
import { settleFrom } from './pending-offers.ts'
import { clearScreen, drawScreen, startScreen } from './screen.ts'
import { followScreen, type Link } from './screen-stream.ts'

const WORDS: { readonly [state in Link]: string } = {
  on: 'connected',
  off: 'connecting again',
  out: 'signed out',
}

const link = document.getElementById('link')
const signIn = document.getElementById('sign-in')

startChannels()
startScreen()
followScreen(
  document.body.dataset.agent ?? '',
  (screen, atMs) => {
    settleFrom(screen)
    drawScreen(screen, atMs)
    document.documentElement.dataset.ready = 'yes'
  },
  state => {
    if (!link) return
    link.dataset.state = state
    link.textContent = WORDS[state]
    if (signIn) signIn.hidden = state !== 'out'
    // The offers belong to an agent who may not see them any more, so they must not stay on the screen.
    if (state === 'out') clearScreen()
  },
)
