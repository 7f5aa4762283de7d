"""
What Sidekiq says in its log: lines → events. Pure.

The counterpart of `host.journal` and `host.log_file`, which bring the lines. From 6.4 to 8.1, in every formatter that Sidekiq has (`logger.rb` of each
version): Pretty (the default, also under systemd and in containers; from 8.0 on its level is coloured, even into a file), WithoutTimestamp (chosen
where the variable DYNO is set), JSON, and Plain (8.0).

What a job can forge. A job may write what it likes, and a text that it prints may come from a stranger:

- In a message through Sidekiq's logger the words are free, but what stands before them (pid, tid, class, jid) is the logger's. `done` of a job's own lacks
  `elapsed`, which JobLogger always adds before its own `done` and `fail` (6.4 … 8.1): it ends nothing. "Bye!" or "Pushed 7 jobs back" of a job carries that
  job's jid, and Sidekiq's own never does: all that it tells is that this job runs.
- A message with a line break, and everything that is printed without the logger, can imitate any line, times and tid included. The journal vouches for the pid of
  its writer, so one process can't speak for another (a plain file vouches for nothing). A stranger's text can't know the jid of a job that runs, so it can end
  none that did; it could make up the start of a job that never was, whose payload is found nowhere, and such a line mostly breaks the order of a thread
  (start, end, start, end), after which nothing of that log is proven. Code of the application that forges on purpose can make it say anything;
  such code could as well have deleted the job from Redis.

Nothing of a message is kept except what is named in `events`. Some messages hold arguments of jobs (6.4.1: "Work still in progress" with whole payloads).
"""
