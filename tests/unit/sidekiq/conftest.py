"""What the tests of this part share."""

import asyncio

# asyncio makes a loop of its own when it is first asked for one, and nobody ever closes that.
asyncio.set_event_loop(None)
