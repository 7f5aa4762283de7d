# frozen_string_literal: true

# The application that the tests give to a real Sidekiq: one worker for each way in which a job can behave.

# An application that takes its time to boot: until it is through, Sidekiq handles no signal.
sleep(ENV.fetch("BOOT_SECONDS", "0").to_f)

require "sidekiq"

# Holds its thread for ever, but can be interrupted.
class SleepForever
  include Sidekiq::Worker

  def perform(*)
    sleep
  end
end

# Takes as long as it is told.
class Sleep
  include Sidekiq::Worker

  def perform(seconds)
    sleep(seconds)
  end
end

# Works until that file lies there.
class WaitForFile
  include Sidekiq::Worker

  def perform(path)
    sleep 0.05 until File.exist?(path)
  end
end

# Computes for ever: the other threads still get their turn.
class Spin
  include Sidekiq::Worker

  def perform(*)
    loop { 1 + 1 }
  end
end

# Ends at once.
class Quick
  include Sidekiq::Worker

  def perform(*); end
end

# Fails as a delivery that the other server refuses.
class Raise403
  include Sidekiq::Worker

  def perform(*)
    raise "https://example.social/inbox returned code 403"
  end
end

# Holds its thread for ever and swallows what is raised in it, Sidekiq's own shutdown included.
class RescueAll
  include Sidekiq::Worker

  def perform(*)
    loop do
      sleep
    rescue Exception # rubocop:disable Lint/RescueException
      next
    end
  end
end

# The errors of Mastodon's deliveries, by their names.
module Mastodon
  class UnexpectedResponseError < StandardError; end
end

module HTTP
  class TimeoutError < StandardError; end
  class ConnectionError < StandardError; end
end

module Stoplight
  module Error
    class RedLight < StandardError; end
  end
end

# Fails as it is told, with its address in place of `<url>`; holds its thread where it is not told.
module ActivityPub
  class DeliveryWorker
    include Sidekiq::Worker

    def perform(_json, _source_account_id, inbox_url, options = {})
      sleep unless options["error"]
      raise Object.const_get(options["error"]), options["message"].gsub("<url>", inbox_url)
    end
  end
end

# Holds the interpreter lock in native code: no other thread gets its turn, the one that beats included.
# Where it is given a file, it lays that there while it holds the lock: until then the others do their work.
class Freeze
  include Sidekiq::Worker

  def perform(seconds, file = nil)
    require "fiddle"
    create = native("creat", [Fiddle::TYPE_VOIDP, Fiddle::TYPE_INT])
    sleep = native("sleep", [Fiddle::TYPE_INT])
    create.call(file, 0o644) if file
    sleep.call(seconds)
  end

  def native(name, types)
    Fiddle::Function.new(Fiddle::Handle::DEFAULT[name], types, Fiddle::TYPE_INT, need_gvl: true)
  end
end

# Waits for a program that does nothing.
class WaitForChild
  include Sidekiq::Worker

  def perform(seconds)
    system("sleep", seconds.to_s)
  end
end

# Runs a program, and fails where that does; its next try is an hour away.
class RunProgram
  include Sidekiq::Worker
  sidekiq_retry_in { 3600 }

  def perform(*argv)
    system(*argv) || raise("its program has ended badly")
  end
end

# Waits in native code that nothing can interrupt: the others go on, but the process can't end by itself.
class BlockNatively
  include Sidekiq::Worker

  def perform(seconds)
    require "fiddle"
    sleep = Fiddle::Function.new(Fiddle::Handle::DEFAULT["sleep"], [Fiddle::TYPE_INT], Fiddle::TYPE_INT, need_gvl: false)
    sleep.call(seconds)
  end
end

# Takes as much memory as it is told, and keeps it.
class Hoard
  include Sidekiq::Worker

  def perform(megabytes)
    @kept = Array.new(megabytes) { "x" * 1_048_576 }
    sleep
  end
end

# Works for a while, so that it is seen in a beat, and then freezes its process.
class FreezeLater < Freeze
  def perform(seconds, frozen)
    sleep(seconds)
    super(frozen)
  end
end
