# frozen_string_literal: true

# What lies in /home/mastodon/live: one class for each way in which a job can behave, and an account of all that have run.

require "sidekiq"
require "sidekiq/launcher"
require "fiddle"

# Beats more often than each 10 s, since most of what a test waits for is beats.
Sidekiq::Launcher.send(:remove_const, :BEAT_PAUSE)
Sidekiq::Launcher.const_set(:BEAT_PAUSE, 3)

# Writes down in Redis which jobs have come to their end, and how often.
class Account
  include Sidekiq::ServerMiddleware

  def call(_job, payload, _queue)
    yield
    redis { |server| server.call("HINCRBY", "ran", payload["jid"], 1) }
  end
end

Sidekiq.configure_server { |config| config.server_middleware { |chain| chain.add Account } }

# Two threads of their own for that queue, which no other queue's jobs can have: a capsule of Sidekiq 7.
if (apart = ENV["APART"])
  Sidekiq.configure_server do |config|
    config.capsule(apart) do |capsule|
      capsule.concurrency = 2
      capsule.queues = [apart]
    end
  end
end

# Ends at once.
class Quick
  include Sidekiq::Job

  def perform(*); end
end

# Takes as long as it is told.
class Sleep
  include Sidekiq::Job

  def perform(seconds)
    sleep(seconds)
  end
end

# Takes until that file lies in tmp.
class Wait
  include Sidekiq::Job

  def perform(file)
    sleep 0.1 until File.exist?("tmp/#{file}")
  end
end

# Holds its thread for ever.
class SleepForever
  include Sidekiq::Job

  def perform(*)
    sleep
  end
end

# Computes until the file `enough` lies in tmp.
class Compute
  include Sidekiq::Job

  def perform(*)
    3**4_000_000 until File.exist?("tmp/enough")
  end
end

# Waits for the file `freeze`, then takes the interpreter lock into native code, lays the file `frozen` there, and keeps the lock: nothing in the process moves any more.
class Freeze
  include Sidekiq::Job

  def perform(*)
    create = native("creat", [Fiddle::TYPE_VOIDP, Fiddle::TYPE_INT])
    pause = native("pause", [])
    sleep 0.1 until File.exist?("tmp/freeze")
    create.call("tmp/frozen", 0o644)
    pause.call
  end

  def native(name, types)
    Fiddle::Function.new(Fiddle::Handle::DEFAULT[name], types, Fiddle::TYPE_INT, need_gvl: true)
  end
end

# Waits for the file `hoard`, then takes so much memory and keeps it for a while.
class Hoard
  include Sidekiq::Job

  def perform(megabytes)
    sleep 0.1 until File.exist?("tmp/hoard")
    kept = Array.new(megabytes) { "x" * 2**20 }
    sleep kept.size / 100
  end
end
