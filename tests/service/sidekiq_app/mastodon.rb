# frozen_string_literal: true

# What a Mastodon server gives its Sidekiq: workers by the names, queues, arguments and errors of Mastodon, that do what theirs do as far as it can be seen from outside.
#
# Deliveries are real requests. Whatever host stands in an inbox's address, they go to NEIGHBOURS (address:port), or to DEAD (where nobody listens) if its name begins
# with `dead`. READ_TIMEOUT is Mastodon's 10 s unless it says otherwise. What is in the database is not here: a file in SERVER says what it would do.

require "json"
require "net/http"
require "securerandom"
require "sidekiq"

SERVER = ENV.fetch("SERVER")

module Mastodon
  class RaceConditionError < StandardError; end

  class UnexpectedResponseError < StandardError
    def initialize(url, code)
      super("#{url} returned code #{code}")
    end
  end
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

module ActiveRecord
  class StatementInvalid < StandardError; end
  class ConnectionNotEstablished < StandardError; end
end

# The database as a job meets it: it may be full, or of another version than the code.
module Database
  module_function

  def ask(column)
    raise ActiveRecord::ConnectionNotEstablished, "connection to server failed: FATAL:  sorry, too many clients already" if File.exist?("#{SERVER}/full")
    return unless File.exist?("#{SERVER}/not-migrated")

    raise ActiveRecord::StatementInvalid, "PG::UndefinedColumn: ERROR:  column #{column} does not exist\nLINE 1: SELECT #{column} FROM accounts\n               ^"
  end
end

# The circuit of an inbox: open for a minute after ten failures (stoplight).
module Circuit
  FAILURES = Hash.new { |hash, url| hash[url] = [] }
  LOCK = Mutex.new
  THRESHOLD = 10
  COOL_OFF = 60

  module_function

  def run(url)
    raise Stoplight::Error::RedLight, url if open?(url)

    yield.tap { LOCK.synchronize { FAILURES.delete(url) } }
  rescue Stoplight::Error::RedLight
    raise
  rescue StandardError
    LOCK.synchronize { FAILURES[url] << now }
    raise
  end

  def open?(url)
    LOCK.synchronize { FAILURES.key?(url) && FAILURES[url].size >= THRESHOLD && FAILURES[url].last > now - COOL_OFF }
  end

  def now
    Process.clock_gettime(Process::CLOCK_MONOTONIC)
  end
end

# Days on which a delivery to a host has failed, until one succeeds (delivery_failure_tracker.rb).
module DeliveryFailureTracker
  module_function

  def failed(host)
    Sidekiq.redis { |redis| redis.sadd("exhausted_deliveries:#{host}", [Time.now.utc.strftime("%Y%m%d")]) }
  end

  def reset(host)
    Sidekiq.redis { |redis| redis.del("exhausted_deliveries:#{host}") }
  end
end

# A request to another server, and what becomes of it.
module Request
  CONNECT = 5
  READ = ENV.fetch("READ_TIMEOUT", "10").to_f

  module_function

  def post(url, json)
    uri = URI(url)
    find_free_id if uri.host.start_with?("unresolvable")
    hold_interpreter if uri.host.start_with?("wedging")
    address, port = ENV.fetch(uri.host.start_with?("dead") ? "DEAD" : "NEIGHBOURS").split(":")
    http = Net::HTTP.new(uri.host, port.to_i)
    http.ipaddr = address
    http.open_timeout = CONNECT
    http.read_timeout = READ
    http.start { http.post(uri.path, json, "Content-Type" => "application/activity+json") }.code.to_i
  rescue Net::OpenTimeout
    raise HTTP::TimeoutError, "Connect timed out after 5 seconds on #{url}"
  rescue Net::ReadTimeout
    raise HTTP::TimeoutError, "Read timed out after 10 seconds on #{url}"
  rescue SystemCallError => e
    raise HTTP::ConnectionError, "failed to connect: #{e.message} on #{url}"
  end

  # Ruby's resolver looks for an id that no question has yet, for ever if all are taken.
  def find_free_id
    loop { Random.rand(65_536) }
  end

  # Native code that waits and lets no other thread have its turn, the one that beats included; it comes to that as soon as the file `wedge` lies there.
  def hold_interpreter
    sleep(0.05) until File.exist?("#{SERVER}/wedge")
    require "fiddle"
    Fiddle::Function.new(Fiddle::Handle::DEFAULT["sleep"], [Fiddle::TYPE_INT], Fiddle::TYPE_INT, need_gvl: true).call(3_600)
  end
end

module ActivityPub
  class DeliveryWorker
    include Sidekiq::Worker
    sidekiq_options queue: "push", retry: 16, dead: false
    sidekiq_retry_in { |count| (count**4) + 15 + Random.rand(0.5 * (count**4)) }

    def perform(json, _source_account_id, inbox_url, _options = {})
      host = URI(inbox_url).host
      code = Circuit.run(inbox_url) { taken(inbox_url, Request.post(inbox_url, json)) }
      DeliveryFailureTracker.reset(host) if code
    rescue StandardError
      DeliveryFailureTracker.failed(host)
      raise
    end

    private

    # What can't be put right by another try ends as a success.
    def taken(url, code)
      return code if (200...300).cover?(code) || code == 501 || ((400...500).cover?(code) && ![401, 408, 429].include?(code))

      raise Mastodon::UnexpectedResponseError.new(url, code)
    end
  end

  class LowPriorityDeliveryWorker < DeliveryWorker
    sidekiq_options queue: "pull", retry: 8, dead: false
  end

  # Takes as long as the activity's object lasts (`duration` of ActivityStreams, in seconds: `PT1.5S`).
  class ProcessingWorker
    include Sidekiq::Worker
    sidekiq_options queue: "ingress", retry: 8, backtrace: true

    def perform(_actor_id, body, _delivered_to_account_id = nil, _actor_type = "Account")
      Database.ask("accounts.attribution_domains")
      lasts = JSON.parse(body).dig("object", "duration").to_s[/\APT([\d.]+)S\z/, 1]
      sleep(lasts.to_f) if lasts
    end
  end
end

# What does no more than ask the database, on the queue of users.
module Asks
  def self.included(base)
    base.include(Sidekiq::Worker)
    base.sidekiq_options(queue: "default")
  end

  def perform(*)
    Database.ask("accounts.attribution_domains")
    sleep(0.005)
  end
end

class DistributionWorker
  include Asks
end

class FeedInsertWorker
  include Asks
end

class LocalNotificationWorker
  include Asks
end

class PushUpdateWorker
  include Asks
end

# Starts a program, and waits for it as terrapin does: `ffmpeg` of the machine, or whatever stands before it in PATH.
class PostProcessMediaWorker
  include Sidekiq::Worker
  sidekiq_options queue: "default", retry: 1

  def perform(media_attachment_id)
    file = "media_attachments/files/#{media_attachment_id}/original.mp4"
    raise "Command failed with #{$?}: ffmpeg" unless system("ffmpeg", "-i", file, out: File::NULL, err: File::NULL) # rubocop:disable Style/SpecialGlobalVars
  end
end

# Looks at a page that somebody has linked to; one in seven is not there. Its failures go to the dead set at once.
class LinkCrawlWorker
  include Sidekiq::Worker
  sidekiq_options queue: "pull", retry: 0

  def perform(status_id, url = nil)
    sleep(0.05)
    raise HTTP::TimeoutError, "Read timed out after 10 seconds on #{url}" if (status_id % 7).zero?
  end
end

class ThreadResolveWorker
  include Sidekiq::Worker
  sidekiq_options queue: "pull", retry: 3

  def perform(_child_status_id, _parent_url, _options = {})
    sleep(0.1)
  end
end

# Packs all posts of an account, which takes its time.
class BackupWorker
  include Sidekiq::Worker
  sidekiq_options queue: "pull", retry: 5, dead: false

  def perform(seconds)
    sleep(seconds)
  end
end

module ActionMailer
  class MailDeliveryJob
    include Sidekiq::Worker
    sidekiq_options queue: "mailers"

    def perform(*)
      sleep(0.05)
    end
  end
end

# Entries of the schedule: one query each, which ends when PostgreSQL is through with it.
module Scheduler
  class InstanceRefreshScheduler
    include Sidekiq::Worker
    sidekiq_options queue: "scheduler", retry: 0

    def perform
      sleep(0.1)
      sleep(0.1) while File.exist?("#{SERVER}/slow-view")
    end
  end

  class ScheduledStatusesScheduler
    include Sidekiq::Worker
    sidekiq_options queue: "scheduler", retry: 0

    def perform
      sleep(0.02)
    end
  end

  class IndexingScheduler < ScheduledStatusesScheduler; end

  class AccountsStatusesCleanupScheduler < ScheduledStatusesScheduler; end

  module Trends
    class RefreshScheduler < ScheduledStatusesScheduler; end
  end
end
