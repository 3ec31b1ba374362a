# A token may do what its user may, as far as its scope reaches.

actor Token {}

allow(token: Token, action, resource) if
  in_scope(token.scope, action) and
  allow(token.user, action, resource);

in_scope("read", "read");
in_scope("write", _action);

denial_reason(token: Token, _action, _resource, "This token may only read.", "scope") if
  token.scope = "read";
