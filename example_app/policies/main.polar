# Who may do what. The files of this folder are loaded together, as one policy.
#
# An actor is a User, or nil when nobody is logged in.

actor User {}

# What resource blocks grant: organizations.polar, repositories.polar, issues.polar.
allow(user: User, action, resource) if
  has_permission(user, action, resource);

# What the older roles grant: pages.polar.
allow(user: User, action, resource) if
  role_allows(user, action, resource);

# Everybody reads what is public, logged in or not.
allow(_visitor, "read", repository: Repository) if
  repository.public;

allow(_visitor, "read", issue: Issue) if
  issue.repository.public;

# Lists are open, each holds what its reader may read. People are for people.
allow(_visitor, "browse", "organizations");
allow(_visitor, "browse", "repositories");
allow(_visitor, "browse", "pages");
allow(_user: User, "browse", "people");
