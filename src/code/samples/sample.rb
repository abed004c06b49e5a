# A sample whose last lines say what is expected of it.
require 'json'
require_relative 'helper'

module Outer
  LIMIT = 3

  # Boxes things.
  class Box < Base
    def initialize(a,
                   b)
      @a = <<~TEXT
        def fake
        end
      TEXT
    end

    def self.make = new(1, 2)

    class << self
      def build(x)
        if x
          1
        end
      end
    end

    included do
      def extra; end
    end

    private def hidden
      [1].each do |x|
        x
      end
    end
  end
end

def helper
  1
end

describe 'x' do
  it('y') { 1 }
end
# expect: import json 2
# expect: import ./helper 3
# expect: module Outer 5-38
# expect: constant Outer.LIMIT 6-6
# expect: class Outer.Box 9-37 signature 9 doc 8
# expect: method Box.initialize 10-16 signature 11
# expect: method Box.make 18-18
# expect: method Box.build 21-25
# expect: method Box.extra 29-29
# expect: method Box.hidden 32-36
# expect: function helper 40-42
