-- A sample whose last lines say what is expected of it.
local json = require("vendor.json")
local util = require 'shop.util'
require "boot"

local M = {}
M.limit = 3
LIMIT, OTHER = 3, 4
local hidden = { a = 1, f = function() return "}" end }

--- Adds things.
-- @param a a number
function M.add(a, b)
  local function inner() return 1 end
  return a + b
end

function M.sub:deep(x)
  return [[ end ]]
end

function M:method() end

local function helper(x)
  return x
end

function global(x) return x end

M.late = function(x)
  return x
end

local Class = setmetatable({}, { __index = M })
local arrow = function() end

return M
-- expect: import vendor.json 2
-- expect: import shop.util 3
-- expect: import boot 4
-- expect: variable M 6-6
-- expect: variable limit 7-7
-- expect: variable LIMIT 8-8
-- expect: variable OTHER 8-8
-- expect: variable hidden 9-9
-- expect: function add 13-16 doc 11
-- expect: method deep 18-20
-- expect: method method 22-22
-- expect: function helper 24-26
-- expect: function global 28-28
-- expect: function late 30-32
-- expect: variable Class 34-34
-- expect: function arrow 35-35
