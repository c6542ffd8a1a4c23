// The agent desktop's script: hears the frames first, then follows the screen.

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
    // What was offered to somebody who may not see it any more is for nobody who comes by.
    if (state === 'out') clearScreen()
  },
)
