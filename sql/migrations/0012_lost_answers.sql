-- Commands whose answer may be lost on its way: given again, they are known by their request.
alter table support_agents add column added_by uuid;    -- the request that made the agent, or made one active again
alter table outbox add column claimed_by uuid;          -- the request that claimed it last
