-- +goose Up

-- What is over is found by when it ended, however much there is that is not over.
-- Of what is not over most has no place in these indexes.
CREATE INDEX credential_revoked ON credential (updated) WHERE state = 'revoked';
CREATE INDEX credential_secret_expires ON credential_secret (expires) WHERE expires > 0;
CREATE INDEX family_revoked ON family (ended) WHERE state = 'revoked';
CREATE INDEX refresh_token_answered ON refresh_token (used) WHERE length(successor) > 0;
CREATE INDEX permission_use_last_day ON permission_use (last_day);
CREATE INDEX permission_use_day_day ON permission_use_day (day);
