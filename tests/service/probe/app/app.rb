# frozen_string_literal: true

# The application of the tests of the probe. What its jobs do they write into files of the folder RUN_DIR, which outlive any process.

require "sidekiq"
require "digest"

RUN_DIR = ENV.fetch("RUN_DIR")

def write(file, line)
  File.open(File.join(RUN_DIR, file), "ab") { |open| open.syswrite("#{line}\n") }
end

# Works for a while and says that it is done.
class Count
  include Sidekiq::Job

  def perform(seconds)
    sleep(seconds)
    write("done", jid)
  end
end

# Ends at once.
class Nothing
  include Sidekiq::Job

  def perform(*); end
end

# Says how many milliseconds after the given moment it began.
class Moment
  include Sidekiq::Job

  def perform(pushed_at)
    write("moments", ((Time.now.to_f - pushed_at) * 1000).round(3))
  end
end

# Works until the test lays a file called `go` into its folder.
class Held
  include Sidekiq::Job

  def perform(*)
    write("began", jid)
    sleep 0.02 until File.exist?(File.join(RUN_DIR, "go"))
    write("done", jid)
  end
end

# Takes memory until there is no more.
class Hoard
  include Sidekiq::Job

  def perform(megabytes)
    @kept = Array.new(megabytes) { "x" * 1_048_576 }
    sleep
  end
end

# Holds the interpreter lock in native code: no other thread gets its turn, the one that beats included.
class Freeze
  include Sidekiq::Job

  def perform(seconds)
    require "fiddle"
    write("began", jid)
    Fiddle::Function.new(Fiddle::Handle::DEFAULT["sleep"], [Fiddle::TYPE_INT], Fiddle::TYPE_INT, need_gvl: true).call(seconds)
  end
end

# Fails, and is tried again in an hour.
class Fails
  include Sidekiq::Job

  sidekiq_retry_in { 3_600 }

  def perform(*)
    raise "refused"
  end
end

# Connections that refuse some commands from the moment on at which the test lays a file called `refuse` into its folder: their names stand in it.
module Refusing
  def self.refused?(name)
    path = File.join(RUN_DIR, "refuse")
    File.exist?(path) && File.read(path).split.include?(name.to_s.downcase)
  end

  %i[hset hdel evalsha lrem].each do |name|
    define_method(name) do |*arguments, **named, &block|
      raise "no #{name} for #{arguments.inspect}" if Refusing.refused?(name)

      super(*arguments, **named, &block)
    end
  end
end

if ENV["REFUSING"]
  if Sidekiq.const_defined?(:RedisClientAdapter)
    Sidekiq::RedisClientAdapter::CompatClient.prepend(Refusing)
  else
    Redis.prepend(Refusing)
  end
end

load File.join(RUN_DIR, "sidekiq_watchdog.rb") if ENV["SIDEKIQ_WATCHDOG_PROBE"]

# Has the probe beat this often, in seconds, instead of once a minute.
if ENV["BEAT"]
  SidekiqWatchdog::Probe.send(:remove_const, :BEAT)
  SidekiqWatchdog::Probe::BEAT = ENV["BEAT"].to_f
end
