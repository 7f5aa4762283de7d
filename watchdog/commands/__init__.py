"""
The program `sidekiq-watchdog-command`: what root allows the agent to have run, and the hands that run it.

Why: some repairs are commands of the application, as `tootctl` is, and run as its user. The agent may neither become another
user nor be trusted with a shell: what it would pass on are names that strangers chose. So root writes down each command with the types of
its arguments (commands.toml), `install` makes one unit of systemd of each, and all that the agent can do is to have such a unit started. The
unit runs this program as the command's user, and this program believes nothing: it reads root's definition itself, checks each argument by it,
and starts the command by an argument list, once.

It uses Python's standard library and, of the agent, only `model.named`, which has no more. Its counterpart in the agent is `recovery/commanding.py`.
"""
