/**
 * Runs in Redis, where nothing else runs meanwhile. Time is that of Redis, in microseconds: the clocks of replicas
 * differ. A bucket that would be full again is forgotten, since one that is not there is full. Numbers are written out
 * in full: Lua's own way keeps 14 digits, and microseconds since 1970 have 16.
 *
 * KEYS[1] the bucket. ARGV: tokens per second, burst, tokens wanted, debt. Returns the tokens granted, and what is left.
 */
export const LEASE_SCRIPT = `
local rate, burst, want, debt = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local bucket = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(bucket[1] or burst), tonumber(bucket[2] or now)
if now > at then tokens = tokens + (now - at) / 1000000 * rate end
tokens = math.min(burst, math.min(burst, tokens) - debt)
local granted = math.max(0, math.min(want, math.floor(tokens)))
tokens = tokens - granted
redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.0f', math.max(now, at)))
redis.call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil((burst - tokens) / rate * 1000) + 1000))
return { granted, string.format('%.6f', tokens) }
`;
