# frozen_string_literal: true

# The application whose log goes into the journal.

require "sidekiq"

# Ends at once.
class Quick
  include Sidekiq::Job

  def perform(*); end
end

# Holds its thread for ever, but can be interrupted.
class SleepForever
  include Sidekiq::Job

  def perform(*)
    sleep
  end
end

# Says more than journald takes.
class Talk
  include Sidekiq::Job

  def perform(lines)
    lines.times { |number| logger.info("line #{number}") }
  end
end

# Tells the test that its thread has ended whatever it did before.
class Tell
  include Sidekiq::Job

  def perform
    Sidekiq.redis { |redis| redis.call("LPUSH", "told", "here") }
  end
end

# A heart that beats more often, where a test would otherwise wait for nothing but beats.
if (beat = ENV["BEAT"])
  require "sidekiq/launcher"
  Sidekiq::Launcher.send(:remove_const, :BEAT_PAUSE)
  Sidekiq::Launcher.const_set(:BEAT_PAUSE, Integer(beat))
end
