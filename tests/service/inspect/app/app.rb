# frozen_string_literal: true

# The application whose processes are read while they are frozen.

require "sidekiq"
require "sidekiq/fetch"
require "fiddle"

# An idle thread asks for two seconds, then anew. Here it asks for longer: one whose time was over just after the freeze would be given nothing.
Sidekiq::BasicFetch.send(:remove_const, :TIMEOUT)
Sidekiq::BasicFetch.const_set(:TIMEOUT, 100)

if ENV["REDIS_URL"].start_with?("rediss:")
  Sidekiq.configure_server do |config|
    config.redis = { url: ENV["REDIS_URL"], ssl_params: { verify_mode: OpenSSL::SSL::VERIFY_NONE } }
  end
end

# Takes the interpreter lock into native code, lays the file `frozen` there while it holds it, and keeps it.
class Freeze
  include Sidekiq::Job

  def perform(seconds, *)
    create = native("creat", [Fiddle::TYPE_VOIDP, Fiddle::TYPE_INT])
    sleep = native("sleep", [Fiddle::TYPE_INT])
    create.call(File.join(ENV.fetch("RUN_DIR"), "frozen"), 0o644)
    sleep.call(seconds)
  end

  def native(name, types)
    Fiddle::Function.new(Fiddle::Handle::DEFAULT[name], types, Fiddle::TYPE_INT, need_gvl: true)
  end
end

# Ends at once.
class Quick
  include Sidekiq::Job

  def perform(*); end
end
