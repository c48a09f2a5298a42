-- The access check of sallyport.conf: ask Sallyport whether the request may
-- pass. Only an answer of exactly 200 with every identity header lets it.

require "apache2"
local http = require "socket.http"

local service = "http://127.0.0.1:9090/decide/apache"
local secret = os.getenv("SALLYPORT_CALLER_SECRET") or ""

http.TIMEOUT = 3 -- seconds for each step of one decision

-- Always present on an allowed request, and never empty.
local identity = {
    "X-Sallyport-User", "X-Sallyport-User-Id", "X-Sallyport-Tenant", "X-Sallyport-Realm",
    "X-Sallyport-Kind", "X-Sallyport-Credential", "X-Sallyport-Route",
    "X-Sallyport-Assertion", "X-Sallyport-Revision", "X-Request-Id",
}

-- What the client gets of a refusal, beside the status.
local answer = { "WWW-Authenticate", "Retry-After", "Location", "X-Sallyport-Revision", "X-Request-Id" }

-- The secrets of the client: Sallyport sees them, the API does not. Add the
-- header of an API key that has another name, and Cookie if the API needs none.
local secrets = { "Authorization", "X-API-Key" }

-- Headers of the connection between client and Apache, and of a body that the
-- decision does not see.
local hop = {
    ["host"] = true, ["connection"] = true, ["keep-alive"] = true, ["proxy-connection"] = true,
    ["te"] = true, ["trailer"] = true, ["transfer-encoding"] = true, ["upgrade"] = true,
    ["content-length"] = true, ["expect"] = true,
}

-- misleading tells whether only a forger would send a header of this name:
-- Sallyport's own in any spelling, and those by which some frameworks are told
-- who it is, or another target, method or origin than was decided. Add what
-- your API reads.
local function misleading(name)
    name = name:lower():gsub("[^a-z0-9]", "-")
    return name:find("^x%-?sallyport") or name == "x-request-id" or name == "forwarded"
        or name:find("^x%-original") or name:find("^x%-rewrite") or name:find("^x%-forwarded")
        or name:find("^remote%-") or name:find("^x%-remote%-") or name:find("^x%-real") or name:find("^x%-http%-method") or name:find("^x%-method")
end

-- question removes what misleads from the request and returns the headers of
-- the question about it.
local function question(r)
    local headers, bad = {}, {}
    for name, value in pairs(r:headers_in_table()) do
        if misleading(name) then
            bad[#bad + 1] = name
        elseif not hop[name:lower()] then
            headers[name] = value
        end
    end
    for _, name in ipairs(bad) do
        r.headers_in[name] = nil
    end
    -- "Connection: X-Sallyport-User" asks the next server to drop that header.
    -- A request for a WebSocket needs one word there, others none.
    r.headers_in["Connection"] = r.headers_in["Upgrade"] and "Upgrade" or nil
    headers["X-Original-Method"] = r.method
    headers["X-Original-URI"] = r.unparsed_uri
    headers["X-Original-Host"] = r.headers_in["Host"] or ""
    headers["X-Original-Proto"] = r.is_https and "https" or "http"
    headers["X-Original-Addr"] = r.useragent_ip
    headers["X-Sallyport-Caller"] = secret ~= "" and secret or nil
    return headers
end

local function allow(r, response)
    for _, name in ipairs(identity) do
        if (response[name:lower()] or "") == "" then
            r:err("sallyport: the decision has no " .. name)
            return 503
        end
    end
    for _, name in ipairs(identity) do
        r.headers_in[name] = response[name:lower()]
    end
    for _, name in ipairs(secrets) do
        r.headers_in[name] = nil
    end
    r.headers_in["X-Forwarded-For"] = r.useragent_ip
    r.headers_in["X-Forwarded-Host"] = r.headers_in["Host"]
    r.headers_in["X-Forwarded-Proto"] = r.is_https and "https" or "http"
    r.headers_in["X-Real-IP"] = r.useragent_ip
    r.err_headers_out["X-Request-Id"] = response["x-request-id"]
    r.err_headers_out["X-Sallyport-Revision"] = response["x-sallyport-revision"]
    return apache2.OK
end

local function refuse(r, status, response)
    for _, name in ipairs(answer) do
        r.err_headers_out[name] = response[name:lower()]
    end
    r.err_headers_out["Cache-Control"] = "no-store"
    return status
end

function decide(r)
    -- Apache forwards these in another form than the client sent them.
    if not r.unparsed_uri:find("^/") or r.unparsed_uri:find("^//") then
        return 400
    end
    local done, status, response = http.request({
        url = service,
        headers = question(r),
        redirect = false,
    })
    if done and status == 200 then
        return allow(r, response)
    elseif done and (status >= 300 and status < 500 or status == 503) then
        return refuse(r, status, response)
    end
    r:err("sallyport: no decision: " .. tostring(status))
    return 503
end
