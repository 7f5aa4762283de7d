"""
The privileged program `sidekiq-watchdog-inspect`: what a frozen Sidekiq still holds, for whoever may ask.

Why: a job that freezes its process within a beat stands in no key of Redis, and jobs that Redis handed to idle threads meanwhile
lie unread in their sockets. Both can be read out of the process, but only with CAP_SYS_PTRACE, which would let its holder read
every secret of the machine. So this right is not given to the agent. It belongs to this program alone, which is small enough to be
read in one sitting, serves only processes of the units that root has named, and gives out nothing but payloads of jobs that were
asked for by their jid, unread replies to Sidekiq's own fetch, sizes and counts, and the environment variables that root has named.

It uses Python's standard library and, of the agent, only the reader of control groups. It writes to no process, consumes no byte of a
socket, keeps nothing, and puts no payload into its log. Its counterpart in the agent is `recovery/inspecting.py`.
"""
