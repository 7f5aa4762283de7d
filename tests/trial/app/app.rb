# frozen_string_literal: true

# The application of the trials: what each job did, and in which process, stands in a file that outlives them all.

require "sidekiq"
require "fiddle"

RUN_DIR = ENV.fetch("RUN_DIR")
# One line a call and no buffer: what was written before a SIGKILL is there after it.
NOTES = File.open(File.join(RUN_DIR, "notes"), File::WRONLY | File::APPEND | File::CREAT)
NOTES.sync = true

# Notes when a job began and when it was done.
module Noted
  def note(word)
    NOTES.syswrite("#{word} #{jid} #{Process.pid} #{Process.clock_gettime(Process::CLOCK_BOOTTIME, :millisecond)}\n")
  end
end

# Takes as long as it is told.
class Work
  include Sidekiq::Job
  include Noted

  def perform(seconds)
    note("begun")
    sleep(seconds)
    note("done")
  end
end

# Holds its thread for ever, but can be interrupted.
class SleepForever
  include Sidekiq::Job
  include Noted

  def perform(*)
    note("begun")
    sleep
  end
end

# Holds its thread for ever and swallows what is raised in it, Sidekiq's own shutdown included.
class RescueAll
  include Sidekiq::Job
  include Noted

  def perform(*)
    note("begun")
    loop do
      sleep
    rescue Exception # rubocop:disable Lint/RescueException
      next
    end
  end
end

# Holds the interpreter lock in native code, after a while: no other thread gets its turn then, the one that beats included.
class Freeze
  include Sidekiq::Job
  include Noted

  SLEEP = Fiddle::Function.new(Fiddle::Handle::DEFAULT["sleep"], [Fiddle::TYPE_INT], Fiddle::TYPE_INT, need_gvl: true)

  def perform(seconds = 0)
    note("begun")
    sleep(seconds)
    SLEEP.call(3_600)
  end
end
