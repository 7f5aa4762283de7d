# frozen_string_literal: true

# The application whose log is read: its format is that of LOG_FORMAT, and what really ran stands in a file of notes.

require "sidekiq"
require "sidekiq/logger"

Sidekiq.configure_server do |config|
  format = ENV.fetch("LOG_FORMAT", "")
  formatter = Sidekiq::Logger::Formatters.const_get(format).new unless format.empty?
  if formatter
    config.respond_to?(:log_formatter=) ? config.log_formatter = formatter : config.logger.formatter = formatter
  end
end

# One line a call and no buffer: what was written before a SIGKILL is there after it.
NOTES = File.open(File.join(ENV.fetch("RUN_DIR"), "notes"), File::WRONLY | File::APPEND | File::CREAT)
NOTES.sync = true

# Takes as long as it is told, and notes when it begins and ends.
class Noted
  include Sidekiq::Worker

  def perform(seconds)
    NOTES.syswrite("begun #{jid}\n")
    sleep(seconds)
    NOTES.syswrite("ended #{jid}\n")
  end
end

# Fails and is not tried again while the test lasts.
class Failing
  include Sidekiq::Worker

  sidekiq_retry_in { 3_600 }

  def perform(*)
    raise ArgumentError, "as it was told"
  end
end

# Says what looks like a word of Sidekiq's own, and an imitation of a line for another job.
class Talking
  include Sidekiq::Worker

  def perform(line)
    logger.info "start"
    logger.info "done"
    logger.info "Bye!"
    logger.info "Pushed 7 jobs back to Redis"
    logger.info "harmless\n#{line}"
    sleep
  end
end

# Holds its thread for ever, but can be interrupted.
class SleepForever
  include Sidekiq::Worker

  def perform(*)
    sleep
  end
end
