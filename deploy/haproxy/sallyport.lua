-- The action "http-request lua.sallyport URL": ask Sallyport at URL whether the
-- request may pass.
--
-- If it may, the identity headers of the decision are set on the request and
-- the variable txn.sallyport becomes "allow". If it may not, the client gets
-- the answer of the decision. If this script fails at any point, neither
-- happens, and the configuration refuses what is not marked as allowed.

-- Milliseconds for one try at a decision. HAProxy tries up to four times, so a
-- service that is silent is given up after four times this.
local timeout = 1000

local secret = os.getenv("SALLYPORT_CALLER_SECRET") or ""

-- Always present on an allowed request, and never empty.
local identity = {
    "x-sallyport-user", "x-sallyport-user-id", "x-sallyport-tenant", "x-sallyport-realm",
    "x-sallyport-kind", "x-sallyport-credential", "x-sallyport-route",
    "x-sallyport-assertion", "x-sallyport-revision", "x-request-id",
}

-- What the client gets of a refusal, beside status and body.
local answer = {
    "content-type", "cache-control", "www-authenticate", "retry-after", "location",
    "x-sallyport-revision", "x-request-id",
}

-- Headers of the connection between client and HAProxy, and of a body that
-- the decision does not see.
local hop = {
    ["host"] = true, ["connection"] = true, ["keep-alive"] = true, ["proxy-connection"] = true,
    ["te"] = true, ["trailer"] = true, ["transfer-encoding"] = true, ["upgrade"] = true,
    ["content-length"] = true, ["expect"] = true,
}

-- question returns the headers of the request to Sallyport: the client's own,
-- which hold its credential, and what HAProxy knows about the request.
local function question(txn)
    local headers = {}
    local host = ""
    for name, values in pairs(txn.http:req_get_headers()) do
        if name == "host" then
            host = values[0]
        elseif not hop[name] and not name:find("^x[^%w]?sallyport") then
            headers[name] = {}
            for i = 0, #values do
                headers[name][i + 1] = values[i]
            end
        end
    end
    local target = txn.sf:pathq()
    if target == "" then
        target = txn.sf:url() -- not a path: "*", or the host and port of CONNECT
    end
    headers["x-sallyport-method"] = { txn.sf:method() }
    headers["x-sallyport-uri"] = { target }
    headers["x-sallyport-host"] = { host }
    headers["x-sallyport-proto"] = { txn.f:ssl_fc() == 1 and "https" or "http" }
    headers["x-sallyport-addr"] = { txn.sf:src() }
    if secret ~= "" then
        headers["x-sallyport-caller"] = { secret }
    end
    return headers
end

-- first returns the first value of a header of the answer, or nil.
local function first(response, name)
    local values = response.headers[name]
    return values and values[0]
end

-- allow sets the identity headers, all of them or none.
local function allow(txn, response)
    for _, name in ipairs(identity) do
        local value = first(response, name)
        if value == nil or value == "" then
            core.Alert("sallyport: the decision has no " .. name)
            return
        end
    end
    for _, name in ipairs(identity) do
        txn.http:req_set_header(name, first(response, name))
    end
    txn:set_var("txn.sallyport_request_id", first(response, "x-request-id"))
    txn:set_var("txn.sallyport_revision", first(response, "x-sallyport-revision"))
    txn:set_var("txn.sallyport", "allow")
end

-- refuse gives the client the answer of the decision.
local function refuse(txn, response)
    local reply = txn:reply({ status = response.status, body = response.body or "" })
    for _, name in ipairs(answer) do
        local values = response.headers[name]
        for i = 0, values and #values or -1 do
            reply:add_header(name, values[i])
        end
    end
    txn:done(reply)
end

local function decide(txn, url)
    txn:set_var("txn.sallyport", "undecided")
    local response = core.httpclient():get({ url = url, headers = question(txn), timeout = timeout })
    if response.status == 200 then
        allow(txn, response)
    elseif response.headers and response.status >= 300 and response.status < 500 or response.status == 503 then
        refuse(txn, response)
    end
end

core.register_action("sallyport", { "http-req" }, decide, 1)
