# frozen_string_literal: true

# The application that every Sidekiq of the matrix runs. The stand-in knows the same classes by name.

require "sidekiq"

# Pushes what it is told through the client of the very version that runs it: name, queue, arguments, seconds from now or nil.
class Plan
  include Sidekiq::Job

  def perform(jobs)
    jobs.each do |name, queue, args, wait|
      setter = Object.const_get(name).set(queue: queue)
      wait ? setter.perform_in(wait, *args) : setter.perform_async(*args)
    end
  end
end

# Works until the test lays a file called `go` into its folder.
class Held
  include Sidekiq::Job

  def perform(*)
    sleep 0.1 until File.exist?(File.join(ENV.fetch("RUN_DIR"), "go"))
  end
end

# Holds its thread for ever, but can be interrupted.
class SleepForever
  include Sidekiq::Job

  def perform(*)
    sleep
  end
end

# Ends at once.
class Quick
  include Sidekiq::Job

  def perform(*); end
end

module Mastodon
  class UnexpectedResponseError < StandardError; end
end

# Fails as Mastodon's delivery does when the other server refuses it; not tried again while the test lasts.
class Refused
  include Sidekiq::Job

  sidekiq_retry_in { 3_600 }

  def perform(inbox)
    raise Mastodon::UnexpectedResponseError, "#{inbox} returned code 403"
  end
end
