# frozen_string_literal: true

# The probe of sidekiq-watchdog: an initializer for Sidekiq 6.4 to 8.1 that has Redis know at any moment which jobs a process holds, so that
# none is lost with it. The counterpart of watchdog/sidekiq/probe.py, which reads what it leaves behind; README.md beside it says what each
# strength gives and costs. It must never keep a job from running: whatever fails here is counted, and the job runs as without it.
#
#   SIDEKIQ_WATCHDOG_PROBE=observe   each job is noted when it begins, and the note goes when Sidekiq acknowledges it (the default)
#   SIDEKIQ_WATCHDOG_PROBE=fetch     each job is moved into a list of its process, and leaves it when Sidekiq acknowledges it
#   SIDEKIQ_WATCHDOG_PROBE=off       nothing
#
# It hangs on what Sidekiq itself calls for each job (Processor#process, UnitOfWork#acknowledge, BasicFetch#bulk_requeue, Launcher#stop; the same in
# all of 6.4.0 to 8.1.7), not on a middleware: that is nearer to the fetch, sees the bytes of the job, and no order of middlewares matters.

require "sidekiq"

module SidekiqWatchdog
  class << self
    attr_reader :probe

    # Called when the application has booted and before the first job is fetched; raises nothing.
    def install(config)
      strength = ENV.fetch("SIDEKIQ_WATCHDOG_PROBE", "observe")
      return if strength == "off"
      strength = "observe" unless strength == "fetch"
      # A class for each capsule from 7.0 on, one object before (capsule.rb, launcher.rb).
      slot = config.respond_to?(:capsules) ? :fetch_class : :fetch
      holder = config.respond_to?(:[]) ? config : config.options
      return Sidekiq.logger.warn("sidekiq-watchdog: the probe does not know this Sidekiq or its fetcher: off") if holder[slot] || !known_inside?
      Probe.include(defined?(Sidekiq::Component) ? Sidekiq::Component : Sidekiq::Util) # for `identity` and `tid`
      capsules = slot == :fetch ? [] : config.capsules.values
      @probe = Probe.new(
        strength,
        slot == :fetch ? holder[:queues] : capsules.flat_map(&:queues),
        slot == :fetch ? holder[:concurrency] : capsules.sum(&:concurrency)
      )
      {Processor: Noting, Launcher: Leaving, BasicFetch: GivingBack}.each { |name, part| Sidekiq.const_get(name).prepend(part) }
      Sidekiq::BasicFetch::UnitOfWork.prepend(Noted)
      if strength == "fetch"
        fetcher = Class.new(Sidekiq::BasicFetch) { prepend Fetching }
        holder[slot] = slot == :fetch ? fetcher.new(holder) : fetcher
      end
      @probe.start
      holder[:labels] << "probe:#{strength}" # the process tells it with its beats
      Sidekiq.logger.info("sidekiq-watchdog: the probe is on (#{strength})")
    rescue StandardError, ScriptError => error
      Sidekiq.logger.warn("sidekiq-watchdog: the probe could not be installed as it should (#{error.class}: #{error.message})")
    end

    private

    def known_inside?
      Sidekiq::VERSION.to_f.between?(6.4, 8.99) &&
        Sidekiq::Processor.private_method_defined?(:process) && Sidekiq::Launcher.method_defined?(:stop) &&
        %i[retrieve_work bulk_requeue queues_cmd].all? { |name| Sidekiq::BasicFetch.method_defined?(name) } &&
        %i[queue queue_name job acknowledge requeue].all? { |name| Sidekiq::BasicFetch::UnitOfWork.method_defined?(name) }
    end
  end

  # What one process says in Redis. All times are seconds but for those in notes, which are milliseconds.
  class Probe
    FORMAT = 1
    BEAT = 60
    KEPT = 86_400
    MUTE_AFTER_FAILURE = 5
    PLAIN_AFTER_FAILURE = 60
    AFTER_PLAIN = 10 # by then nobody waits any more who began to before
    MOST_OWED = 10_000
    ALL = "sidekiq-watchdog:probes"
    PASSING = /LOADING|READONLY|MASTERDOWN|MISCONF|BUSY|NOREPLICAS|UNBLOCKED/.freeze # BRPOP fails by them all the same

    # Moves the next job of the first queue that has one; keys are queue, list, queue, list …
    TAKE = <<~LUA
      for i = 1, #KEYS, 2 do
        local job = redis.call("rpoplpush", KEYS[i], KEYS[i + 1])
        if job then return {i, job} end
      end
    LUA
    # From a list to the end of its queue that is fetched next, unless it is no longer in the list.
    GIVE_BACK = <<~LUA
      if redis.call("lrem", KEYS[1], 1, ARGV[1]) == 0 then return 0 end
      redis.call("rpush", KEYS[2], ARGV[1])
      return 1
    LUA

    def initialize(strength, queues, threads)
      @strength = strength
      @threads = threads
      @key = "sidekiq-watchdog:probe:#{identity}"
      @lists = queues.uniq.to_h { |name| ["queue:#{name}", "sidekiq-watchdog:fetch:#{identity}:#{name}"] }
      @owed = ::Queue.new
      @lock = Mutex.new
      @held = @lists.values.to_h { |list| [list, []] }
      @adrift = []
      @claim = Mutex.new
      @claimed = false
      @unnamed = 0
      @failures = 0
      @logged_at = @mute_until = @plain_until = -KEPT
      @shas = {}
    end

    def start
      guard { beat }
      @thread = Thread.new do
        Thread.current.name = "sidekiq-watchdog"
        loop do
          sleep BEAT
          guard { beat }
        end
      end
    end

    # observe: the job begins.
    def note(work)
      return unless work.respond_to?(:noted_as=)
      return unnamed(work) unless now > @mute_until
      turn = Thread.current[:sidekiq_watchdog_turn] = (Thread.current[:sidekiq_watchdog_turn] || 0) + 1
      work.noted_as = "#{tid}:#{turn}"
      value = "#{(Time.now.to_f * 1000).to_i} #{work.queue_name}\n".b << work.job.b
      noted = guard do
        Sidekiq.redis { |conn| conn.hset(@key, work.noted_as, value) }
        true
      end
      unnamed(work) unless noted
    end

    # observe: Sidekiq is through with it, whether it was done or waits for another try.
    def forget(work)
      if work.unnamed
        work.unnamed = false
        @lock.synchronize { @unnamed -= 1 }
      end
      field, work.noted_as = work.noted_as, nil
      settle_or_owe([:hdel, @key, field]) if field
    end

    # observe: unfinished jobs go back, and their notes with them.
    def push_back(works)
      Sidekiq.redis do |conn|
        conn.multi do |transaction|
          works.group_by(&:queue).each { |queue, there| transaction.rpush(queue, there.map(&:job)) }
          transaction.hdel(@key, works.map(&:noted_as))
        end
      end
      Sidekiq.logger.info("Pushed #{works.size} jobs back to Redis")
    end

    # fetch: the next job of these queues, or nil.
    def take(queues)
      index, job = script(TAKE, queues.flat_map { |queue| [queue, @lists.fetch(queue)] }, [])
      job && hold(queues[(index - 1) / 2], job)
    end

    # fetch: the next job of this queue, waited for.
    def await(queue, seconds)
      list = @lists.fetch(queue)
      job = Sidekiq.redis do |conn|
        if conn.respond_to?(:blocking_call)
          conn.blocking_call(seconds, "blmove", queue, list, "RIGHT", "LEFT", seconds)
        else
          conn.brpoplpush(queue, list, timeout: seconds) # all that Redis before 6.2, and redis-namespace, have
        end
      end
      job && hold(queue, job)
    end

    # fetch: Sidekiq is through with it.
    def done(work)
      settle_or_owe([:lrem, @lists.fetch(work.queue), 1, work.job])
      release(work)
    end

    # fetch: an unfinished job goes back; whether it still was there. Raises what Redis raises.
    def give_back(work)
      back = script(GIVE_BACK, [@lists.fetch(work.queue), work.queue], [work.job])
      release(work)
      back == 1
    end

    # fetch: jobs are fetched as without the probe, because it does not work for now.
    def plain?
      now < @plain_until
    end

    # Whether Sidekiq's own fetcher is to be asked after this error; those that it would have as well are its own affair.
    def plain!(error)
      return false if lost?(error) || PASSING.match?(error.message)
      failed(error)
      @claim.synchronize do
        # Nobody may fetch so as long as Redis says that every job is in a list. A connection that is lost now would not have fetched either.
        return false unless retract
        @plain_until = now + PLAIN_AFTER_FAILURE
      end
    end

    # After a clean stop: what still stands in Redis now was lost, so it stays.
    def leave
      @thread&.kill
      guard do
        settle
        @held.each_value(&:clear)
        works_adrift.each { |work| give_back(work) }
        Sidekiq.redis do |conn|
          conn.hdel(@key, %w[:probe :errors :whole])
          conn.srem(ALL, [identity])
        end
      end
    end

    private

    def beat
      settle
      before, @adrift = @adrift, works_adrift
      # Moved by Redis for somebody who never got the answer: twice seen so, nobody has it.
      @adrift.each { |work| give_back(work) if before.delete(work) }
      queues = @lists.keys.map { |queue| queue.delete_prefix("queue:") }
      said = {strength: plain? ? "observe" : @strength, format: FORMAT, sidekiq: Sidekiq::VERSION, queues: queues, threads: @threads}
      Sidekiq.redis do |conn|
        conn.pipelined do |pipeline|
          pipeline.hset(@key, ":probe", Sidekiq.dump_json(said))
          pipeline.hset(@key, ":errors", @failures.to_s)
          pipeline.expire(@key, KEPT)
          pipeline.sadd(ALL, [identity])
        end
      end
      claim
    end

    # `:whole` says that all that runs (with fetch: all that was fetched) is named here: said with each beat at which it is so, and taken back before it no
    # longer is.
    def claim
      @claim.synchronize do
        return if now < @plain_until + AFTER_PLAIN || @lock.synchronize { @unnamed.positive? }
        @claimed = true # also where the answer is lost
        Sidekiq.redis { |conn| conn.hset(@key, ":whole", "1") }
      end
    end

    # A job begins that is not noted.
    def unnamed(work)
      work.unnamed = true
      @lock.synchronize { @unnamed += 1 }
      @claim.synchronize { retract }
    end

    # Redis does this at its memory limit, too. False where it can't be reached.
    def retract
      return true unless @claimed
      Sidekiq.redis { |conn| conn.hdel(@key, ":whole") }
      @claimed = false
      true
    rescue StandardError => error
      @owed << [:hdel, @key, ":whole"] if @owed.size < MOST_OWED
      failed(error)
      !lost?(error)
    end

    def lost?(error)
      %w[Redis::BaseConnectionError RedisClient::ConnectionError].any? { |name| error.class.ancestors.map(&:to_s).include?(name) }
    end

    def works_adrift
      return [] unless @strength == "fetch"
      @lists.flat_map do |queue, list|
        held = @lock.synchronize { @held.fetch(list).dup }
        there = Sidekiq.redis { |conn| conn.lrange(list, 0, -1) }
        there.reject { |job| (index = held.index(job.b)) && held.delete_at(index) }.map { |job| Work.new(queue, job) }
      end
    end

    # As bytes: strings of different encodings are never equal.
    def hold(queue, job)
      @lock.synchronize { @held.fetch(@lists.fetch(queue)) << job.b }
      Work.new(queue, job)
    end

    def release(work)
      held = @held.fetch(@lists.fetch(work.queue))
      @lock.synchronize { (index = held.index(work.job.b)) && held.delete_at(index) }
    end

    def settle_or_owe(command)
      @owed << command if @owed.size < MOST_OWED
      guard { settle } if now > @mute_until
    end

    def settle
      while (command = @owed.empty? ? nil : @owed.pop(true))
        Sidekiq.redis { |conn| conn.public_send(*command) }
      end
    rescue ThreadError
      nil # another thread was quicker
    rescue StandardError
      @owed << command
      raise
    end

    def script(text, keys, arguments)
      Sidekiq.redis do |conn|
        @shas[text] ||= (conn.respond_to?(:redis) ? conn.redis : conn).script(:load, text) # redis-namespace has `redis`
        conn.evalsha(@shas[text], keys, arguments)
      end
    rescue StandardError => error
      raise unless error.message.include?("NOSCRIPT")
      @shas.delete(text)
      retry
    end

    def guard
      yield
    rescue StandardError => error
      failed(error)
      nil
    end

    # The message of an error can quote a command, and with it a job: only its class is told.
    def failed(error)
      @failures += 1
      @mute_until = now + MUTE_AFTER_FAILURE
      return if now < @logged_at + BEAT
      @logged_at = now
      Sidekiq.logger.warn("sidekiq-watchdog: the probe failed (#{error.class}, #{@failures} times so far); jobs run as without it")
    end

    def now
      ::Process.clock_gettime(::Process::CLOCK_MONOTONIC)
    end
  end

  # A job in the list of its process.
  Work = Struct.new(:queue, :job) do
    def queue_name
      queue.delete_prefix("queue:")
    end

    def acknowledge
      SidekiqWatchdog.probe.done(self)
    end

    def requeue
      SidekiqWatchdog.probe.give_back(self)
    end
  end

  # For Processor.
  module Noting
    private

    def process(work)
      SidekiqWatchdog.probe.note(work)
      super
    end
  end

  # For BasicFetch::UnitOfWork.
  module Noted
    attr_accessor :noted_as, :unnamed

    def acknowledge
      super
      SidekiqWatchdog.probe.forget(self)
    end
  end

  # For BasicFetch.
  module GivingBack
    def bulk_requeue(inprogress, *options)
      noted, others = inprogress.partition(&:noted_as)
      begin
        SidekiqWatchdog.probe.push_back(noted) unless noted.empty?
      rescue StandardError
        others = inprogress
      end
      super(others, *options)
    end
  end

  # For Launcher.
  module Leaving
    def stop
      super
      SidekiqWatchdog.probe.leave
    end
  end

  # For a fetcher of its own. BLMOVE waits for one queue where BRPOP waits for all, so the idle threads share them: a thread waits for each queue, the
  # others for a word from it. Are there too few, one looks at all queues ten times a second.
  module Fetching
    AT_ONE_QUEUE = 1
    BETWEEN_LOOKS = 0.1

    def initialize(*)
      super
      @lock = Mutex.new
      @word = ConditionVariable.new
      @waited_for = []
      @looking = false
    end

    def retrieve_work
      probe = SidekiqWatchdog.probe
      queues = queues_cmd.grep(String)
      return super if probe.plain? || queues.empty?
      begin
        work = probe.take(queues) || wait(queues, probe)
      rescue StandardError => error
        raise unless probe.plain!(error)
        return super
      end
      # There may be more where it comes from.
      @lock.synchronize { @word.signal } if work
      work
    end

    def bulk_requeue(inprogress, *options)
      moved, others = inprogress.partition { |work| work.is_a?(Work) }
      super(others, *options)
      return if moved.empty?
      back = moved.count { |work| SidekiqWatchdog.probe.give_back(work) }
      Sidekiq.logger.info("Pushed #{back} jobs back to Redis")
    rescue StandardError => error
      Sidekiq.logger.warn("Failed to requeue #{moved.size} jobs: #{error.class}")
    end

    private

    def wait(queues, probe)
      queue = mine(queues) or return
      begin
        probe.await(queue, AT_ONE_QUEUE)
      ensure
        @lock.synchronize { @waited_for.delete(queue) }
      end
    end

    # The queue to wait for; nil after a time in which others did.
    def mine(queues)
      @lock.synchronize do
        free = queues - @waited_for
        if free.size > 1 && !@looking
          @looking = true
          begin
            @word.wait(@lock, BETWEEN_LOOKS)
          ensure
            @looking = false
          end
          nil
        elsif free.empty?
          @word.wait(@lock, Sidekiq::BasicFetch::TIMEOUT)
          nil
        else
          free.first.tap { |queue| @waited_for << queue }
        end
      end
    end
  end
end

Sidekiq.configure_server do |config|
  config.on(:startup) { SidekiqWatchdog.install(config) }
end
