// The agent desktop's script: hears the frames first, then follows the screen.

import { startChannels } from './channels.ts'
import { settleFrom } from './pending-offers.ts'
import { drawScreen, startScreen } from './screen.ts'
import { followScreen } from './screen-stream.ts'

const link = document.getElementById('link')

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
    link.textContent = state === 'on' ? 'connected' : 'connecting again'
  },
)
