# frozen_string_literal: true

# The application of the instances that come and go.

require_relative "app"

# Takes so many seconds.
class Nap
  include Sidekiq::Job

  def perform(seconds)
    sleep(seconds)
  end
end
