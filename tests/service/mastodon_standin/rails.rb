# What `bin/rails runner CODE WORD…` is to the commands that come with the agent: it evaluates the code with the words in ARGV, and has the few classes of Mastodon that
# they may use, which refuse whatever the real ones refuse. Which deliveries are stopped stands in the file STOPPED beside it, which servers fail in FAILING.
abort 'RAILS_ENV is not production' unless ENV['RAILS_ENV'] == 'production'
abort 'not in the folder of Mastodon' unless Dir.pwd == File.expand_path('..', __dir__)
called, code, *words = ARGV
abort 'only runner' unless called == 'runner' && code && !code.start_with?('-')
ARGV.replace(words)

module Lines
  def self.of(name)
    path = File.join(__dir__, name)
    File.exist?(path) ? File.readlines(path, chomp: true) : []
  end

  def self.write(name, lines)
    File.write(File.join(__dir__, name), lines.map { |line| "#{line}\n" }.join)
  end
end

class Rails
  Settings = Struct.new(:local_domain, :web_domain)
  def self.configuration = Struct.new(:x).new(Settings.new('social.example.org', 'web.other.example'))
end

class UnavailableDomain
  def self.find_or_create_by!(domain:)
    raise 'Validation failed: Domain is taken' if Lines.of('RACING').include?(domain)
    Lines.write('STOPPED', Lines.of('STOPPED') | [domain])
  end
end

class DeliveryFailureTracker
  def self.reset!(host)
    raise 'no host' if host.empty?
    %w[STOPPED FAILING].each { |name| Lines.write(name, Lines.of(name) - [host]) }
  end
end

eval(code, binding, 'runner')
