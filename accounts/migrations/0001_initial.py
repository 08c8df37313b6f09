"""All tables, and on PostgreSQL the triggers that refuse to change or delete what the audit trail holds."""

from __future__ import annotations

import accounts.models.plain_text
import django.core.validators
import django.db.models.deletion
import uuid
from django.conf import settings
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

REFUSE = """
CREATE FUNCTION accounts_auditevent_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit rows are append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
-- Rows go only where a purge of sealed batches is on record (accounts/audit_trail/retention.py).
CREATE FUNCTION accounts_auditevent_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.id <= (SELECT max(through_id) FROM accounts_auditpurge) THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION 'audit rows are append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE FUNCTION accounts_auditpurge_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM accounts_auditbatch
               WHERE number = NEW.through_batch AND last_id = NEW.through_id) THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'only sealed batches are purged' USING ERRCODE = 'insufficient_privilege';
END $$;
-- Whoever seals waits for all inserts that have begun (accounts/audit_trail/batches.py).
CREATE FUNCTION accounts_auditevent_share() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(hashtext('accounts_auditevent'));
    RETURN NULL;
END $$;
CREATE TRIGGER accounts_auditevent_share
    BEFORE INSERT ON accounts_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_auditevent_share();
CREATE TRIGGER accounts_auditevent_append_only
    BEFORE UPDATE ON accounts_auditevent
    FOR EACH ROW EXECUTE FUNCTION accounts_auditevent_refuse();
CREATE TRIGGER accounts_auditevent_no_delete
    BEFORE DELETE ON accounts_auditevent
    FOR EACH ROW EXECUTE FUNCTION accounts_auditevent_refuse_delete();
CREATE TRIGGER accounts_auditevent_no_truncate
    BEFORE TRUNCATE ON accounts_auditevent
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_auditevent_refuse();
CREATE TRIGGER accounts_auditbatch_append_only
    BEFORE UPDATE OR DELETE ON accounts_auditbatch
    FOR EACH ROW EXECUTE FUNCTION accounts_auditevent_refuse();
CREATE TRIGGER accounts_auditbatch_no_truncate
    BEFORE TRUNCATE ON accounts_auditbatch
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_auditevent_refuse();
CREATE TRIGGER accounts_auditpurge_check
    BEFORE INSERT ON accounts_auditpurge
    FOR EACH ROW EXECUTE FUNCTION accounts_auditpurge_check();
CREATE TRIGGER accounts_auditpurge_append_only
    BEFORE UPDATE OR DELETE ON accounts_auditpurge
    FOR EACH ROW EXECUTE FUNCTION accounts_auditevent_refuse();
CREATE TRIGGER accounts_auditpurge_no_truncate
    BEFORE TRUNCATE ON accounts_auditpurge
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_auditevent_refuse();
"""
ALLOW = """
DROP FUNCTION accounts_auditevent_refuse() CASCADE;
DROP FUNCTION accounts_auditevent_refuse_delete() CASCADE;
DROP FUNCTION accounts_auditpurge_check() CASCADE;
DROP FUNCTION accounts_auditevent_share() CASCADE;
"""


def _on_postgresql(sql: str):
    def run(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(sql, params=None)

    return run


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Person',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('last_login', models.DateTimeField(blank=True, null=True, verbose_name='last login')),
                ('public_id', models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ('issuer', models.CharField(editable=False, max_length=255)),
                ('sub', models.CharField(editable=False, max_length=255)),
                ('name', models.CharField(blank=True, max_length=255)),
                ('email', models.CharField(blank=True, db_index=True, max_length=255)),
                ('email_verified', models.BooleanField(default=False, help_text='Whether the identity provider, or OIDC_EMAIL_IS_VERIFIED, says so.', verbose_name='email is verified')),
                ('username', models.CharField(blank=True, db_index=True, help_text='The claim preferred_username.', max_length=255)),
                ('is_admin', models.BooleanField(default=False, verbose_name='portal admin')),
                ('is_auditor', models.BooleanField(default=False, verbose_name='auditor')),
                ('first_seen', models.DateTimeField(auto_now_add=True)),
                ('last_seen_at', models.DateTimeField(blank=True, editable=False, null=True, verbose_name='last seen')),
                ('last_seen_via', models.CharField(blank=True, editable=False, max_length=16, verbose_name='last seen via')),
            ],
            options={
                'verbose_name_plural': 'people',
                'ordering': ['email', 'sub'],
            },
        ),
        migrations.CreateModel(
            name='Account',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('managed_by', models.CharField(blank=True, default='', editable=False, help_text='The file that manages this row; empty where none does.', max_length=255)),
                ('account_id', models.CharField(max_length=12, unique=True, validators=[django.core.validators.RegexValidator('^[0-9]{12}\\Z', 'An AWS account id has exactly 12 digits, leading zeros included.')], verbose_name='account id')),
                ('name', models.CharField(max_length=128, validators=[accounts.models.plain_text.plain_text])),
                ('partition', models.CharField(choices=[('aws', 'AWS'), ('aws-us-gov', 'AWS GovCloud (US)'), ('aws-cn', 'AWS China'), ('aws-eusc', 'AWS European Sovereign Cloud')], default='aws', max_length=16)),
                ('organizational_unit', models.CharField(blank=True, help_text='A path from the root, such as Workloads/Payments.', max_length=255, validators=[django.core.validators.RegexValidator('^[^/]+(/[^/]+)*\\Z', 'Write units as a path: Workloads/Payments.'), accounts.models.plain_text.plain_path])),
                ('tags', models.JSONField(blank=True, default=dict, help_text='Keys and values as text. Mappings can target them.')),
                ('region', models.CharField(blank=True, max_length=32, validators=[django.core.validators.RegexValidator('^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}\\Z', 'A region looks like eu-west-1.')], verbose_name='default region')),
                ('trust_method', models.CharField(choices=[('hub', "hub: AssumeRole by the portal's own principal"), ('user-token', "user-token: the person's own ID token"), ('portal-token', 'portal-token: a token that the portal signs'), ('switch-role', 'switch-role: a link to AWS, without keys')], default='hub', help_text="portal-token: best for most, no AWS keys anywhere and sessions of up to 12 hours. hub: where AWS cannot reach this portal's key set; often limited to 1 hour. user-token: the identity provider alone decides who gets in. switch-role: accounts that give this portal no access; no keys.", max_length=16)),
                ('external_id', models.CharField(blank=True, help_text="The sts:ExternalId that the account's roles require, if any. Only for the trust method hub.", max_length=1224, validators=[django.core.validators.RegexValidator('^[A-Za-z0-9_+=,.@:/-]{2,1224}\\Z', 'STS takes 2 to 1224 letters, digits and _+=,.@:/-.')], verbose_name='external id')),
                ('revoker_external_id', models.CharField(blank=True, editable=False, help_text="What the account's revoker role demands; templates bring it.", max_length=1224)),
                ('active', models.BooleanField(default=True, help_text='Nobody can use an account that is not active.')),
                ('organization', models.CharField(blank=True, help_text='The id of its organization at AWS: o-…', max_length=34)),
                ('state', models.CharField(blank=True, help_text='ACTIVE, SUSPENDED, CLOSED, …: as AWS Organizations says.', max_length=32, verbose_name='state at AWS')),
                ('email', models.CharField(blank=True, help_text="The address of the account's root user.", max_length=254, validators=[accounts.models.plain_text.plain_text], verbose_name='e-mail')),
            ],
            options={
                'ordering': ['name', 'account_id'],
            },
        ),
        migrations.CreateModel(
            name='AccountRole',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('iam_role_name', models.CharField(blank=True, help_text='If the role in this account is not named like the permission set.', max_length=64, validators=[django.core.validators.RegexValidator('^[A-Za-z0-9_+=,.@-]{1,64}\\Z', 'An IAM role name has at most 64 letters, digits and _+=,.@-.')], verbose_name='IAM role name')),
                ('subjects', models.JSONField(blank=True, default=list, help_text='Only for the trust method user-token: the sub of each person whose ID token opens the role.')),
            ],
            options={
                'ordering': ['account', 'permission_set'],
            },
        ),
        migrations.CreateModel(
            name='Approval',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('flow', models.CharField(choices=[('browser', 'In the browser of the same machine'), ('device', 'By a code that a person enters')], max_length=16)),
                ('client', models.CharField(help_text="The digest of the client's id.", max_length=64)),
                ('client_name', models.CharField(help_text='As it calls itself.', max_length=64)),
                ('refreshable', models.BooleanField(default=False)),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('user_code', models.CharField(blank=True, help_text='The keyed digest of the code that people type.', max_length=64)),
                ('redirect_uri', models.CharField(blank=True, max_length=256)),
                ('code_challenge', models.CharField(blank=True, max_length=43)),
                ('requested_at', models.DateTimeField()),
                ('requested_from', models.CharField(blank=True, max_length=45, verbose_name='requested from')),
                ('expires_at', models.DateTimeField(help_text='Until when it can be redeemed.')),
                ('approved_at', models.DateTimeField(blank=True, null=True)),
                ('denied_at', models.DateTimeField(blank=True, null=True)),
                ('redeemed_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('last_used_at', models.DateTimeField(blank=True, help_text='To the minute.', null=True)),
                ('last_used_ip', models.CharField(blank=True, max_length=45, verbose_name='last used from')),
                ('polls', models.PositiveIntegerField(default=0)),
                ('polled_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['-requested_at'],
            },
        ),
        migrations.CreateModel(
            name='AuditBatch',
            fields=[
                ('number', models.PositiveBigIntegerField(help_text='Counted from 1.', primary_key=True, serialize=False)),
                ('first_id', models.BigIntegerField(help_text='The number of its first row.')),
                ('last_id', models.BigIntegerField(help_text='The number of its last row.')),
                ('rows', models.PositiveIntegerField()),
                ('sealed_at', models.DateTimeField()),
                ('entries', models.BinaryField()),
                ('previous_hash', models.CharField(max_length=64)),
                ('hash', models.CharField(max_length=64)),
                ('signature', models.CharField(blank=True, help_text='HMAC-SHA256 of the hash with AUDIT_CHAIN_KEY.', max_length=64)),
            ],
            options={
                'verbose_name_plural': 'audit batches',
                'ordering': ['-number'],
            },
        ),
        migrations.CreateModel(
            name='AuditDelivery',
            fields=[
                ('destination', models.CharField(max_length=255, primary_key=True, serialize=False)),
                ('through_batch', models.PositiveBigIntegerField(default=0)),
                ('delivered_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'verbose_name_plural': 'audit deliveries',
            },
        ),
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('action', models.CharField(choices=[('access.keys.issued', 'Keys issued'), ('access.keys.denied', 'Keys denied'), ('access.keys.failed', 'Keys failed'), ('access.console.issued', 'Console opened'), ('access.console.denied', 'Console denied'), ('access.console.failed', 'Console failed'), ('access.page.denied', 'Page denied'), ('signin.person.completed', 'Signed in'), ('signin.person.failed', 'Sign-in failed'), ('signin.person.verified', 'Sign-in verified again'), ('signin.person.ended', 'Signed out'), ('admin.object.added', 'Added'), ('admin.object.changed', 'Changed'), ('admin.object.deleted', 'Deleted'), ('admin.role.tested', 'Role tested'), ('token.secret.created', 'Token created'), ('token.secret.revoked', 'Token revoked'), ('token.secret.refused', 'Token refused'), ('sso.client.allowed', 'Command-line access allowed'), ('sso.client.denied', 'Command-line access denied'), ('sso.token.issued', 'Command line signed in'), ('sso.token.refreshed', 'Command line renewed its tokens'), ('sso.token.reused', 'Command-line secret used twice'), ('sso.token.revoked', 'Command line signed out'), ('signing.key.created', 'Signing key created'), ('signing.key.published', 'Signing key published'), ('signing.key.encrypted', 'Signing key encrypted again'), ('signing.key.rotated', 'Signing key begins to sign'), ('signing.key.withdrawn', 'Signing key withdrawn'), ('audit.trail.exported', 'Audit trail exported'), ('audit.cloudtrail.read', 'CloudTrail read'), ('audit.cloudtrail.failed', 'CloudTrail not read'), ('revocation.sessions.cut', 'Live sessions cut'), ('revocation.policy.placed', 'Cut placed'), ('revocation.policy.failed', 'Cut failed'), ('audit.trail.purged', 'Audit trail purged'), ('admin.plan.applied', 'Configuration applied')], max_length=64)),
                ('issuer', models.CharField(blank=True, max_length=255)),
                ('sub', models.CharField(blank=True, max_length=255)),
                ('actor', models.CharField(blank=True, help_text='Email, name or identifier.', max_length=255)),
                ('actor_kind', models.CharField(blank=True, help_text='A person, a workload, or a token of the portal.', max_length=16)),
                ('surface', models.CharField(blank=True, max_length=16)),
                ('ip', models.CharField(blank=True, max_length=45, verbose_name='IP address')),
                ('user_agent', models.CharField(blank=True, max_length=512)),
                ('request_id', models.CharField(blank=True, max_length=64)),
                ('account_id', models.CharField(blank=True, max_length=64, verbose_name='account')),
                ('role_name', models.CharField(blank=True, max_length=255, verbose_name='role')),
                ('role_arn', models.CharField(blank=True, max_length=2048, verbose_name='role ARN')),
                ('duration', models.PositiveIntegerField(blank=True, null=True, verbose_name='seconds')),
                ('reason', models.TextField(blank=True, help_text='The mapping that gave it, or why not.')),
                ('error_code', models.CharField(blank=True, max_length=64)),
                ('access_key_id', models.CharField(blank=True, max_length=128, verbose_name='access key id')),
                ('session_name', models.CharField(blank=True, max_length=64)),
                ('assumed_role_arn', models.CharField(blank=True, max_length=2048)),
                ('aws_request_id', models.CharField(blank=True, max_length=64, verbose_name='AWS request id')),
                ('detail', models.JSONField(blank=True, default=dict)),
            ],
            options={
                'ordering': ['-at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='AuditPurge',
            fields=[
                ('through_batch', models.PositiveBigIntegerField(primary_key=True, serialize=False)),
                ('through_id', models.BigIntegerField(help_text='The last row that went.')),
                ('at', models.DateTimeField()),
            ],
            options={
                'ordering': ['-through_batch'],
            },
        ),
        migrations.CreateModel(
            name='Block',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('issuer', models.CharField(blank=True, max_length=255)),
                ('sub', models.CharField(blank=True, max_length=255)),
                ('claim', models.CharField(blank=True, help_text='For example email, preferred_username or groups.', max_length=255)),
                ('value', models.CharField(blank=True, help_text='Letter case does not matter here.', max_length=255)),
                ('reason', models.CharField(help_text='For other admins and the audit trail.', max_length=255)),
                ('created_by', models.CharField(editable=False, max_length=255)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['-created_at'],
            },
        ),
        migrations.CreateModel(
            name='CliToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('is_refresh_token', models.BooleanField()),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('used_at', models.DateTimeField(blank=True, help_text='When a refresh token was first used.', null=True)),
            ],
            options={
                'ordering': ['-created_at'],
            },
        ),
        migrations.CreateModel(
            name='Environment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('managed_by', models.CharField(blank=True, default='', editable=False, help_text='The file that manages this row; empty where none does.', max_length=255)),
                ('name', models.CharField(max_length=64, unique=True, validators=[django.core.validators.RegexValidator('^[a-z0-9][a-z0-9-]*\\Z', 'Lower-case letters, digits and hyphens.')])),
                ('label', models.CharField(help_text='As people see it.', max_length=64, validators=[accounts.models.plain_text.plain_text])),
                ('colour', models.CharField(choices=[('red', 'Red'), ('amber', 'Amber'), ('green', 'Green'), ('blue', 'Blue'), ('violet', 'Violet'), ('grey', 'Grey')], default='grey', max_length=16)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Favourite',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.CharField(max_length=12)),
                ('role_name', models.CharField(max_length=64)),
                ('position', models.PositiveIntegerField()),
            ],
            options={
                'ordering': ['position', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(help_text='What is to be done.', max_length=64)),
                ('key', models.CharField(blank=True, help_text='Of one kind and key, at most one job is unfinished. Empty: any number.', max_length=255)),
                ('payload', models.JSONField(blank=True, default=dict, help_text='No secrets.')),
                ('added_at', models.DateTimeField()),
                ('due_at', models.DateTimeField()),
                ('lease', models.UUIDField(blank=True, editable=False, null=True)),
                ('leased_until', models.DateTimeField(blank=True, null=True)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('last_error', models.TextField(blank=True)),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('given_up', models.BooleanField(default=False, help_text='It failed too often, and nobody tries again.')),
            ],
            options={
                'ordering': ['-due_at'],
            },
        ),
        migrations.CreateModel(
            name='Mapping',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('managed_by', models.CharField(blank=True, default='', editable=False, help_text='The file that manages this row; empty where none does.', max_length=255)),
                ('name', models.CharField(help_text='What it is for. People see it as the reason for their access.', max_length=128, unique=True, validators=[accounts.models.plain_text.plain_text])),
                ('claim', models.CharField(default='groups', help_text="The claim's key as the provider sends it, or a dotted path such as resource_access.portal.roles.", max_length=255)),
                ('split', models.CharField(blank=True, choices=[('', 'no: each text is one value'), (';', 'at ;'), (',', 'at ,'), ('|', 'at |'), (' ', 'at spaces')], default='', help_text='For providers that send several groups as one text, such as a;b.', max_length=1, verbose_name='split texts')),
                ('match', models.CharField(choices=[('exact', 'exactly this value'), ('wildcard', 'a value with * in it'), ('template', 'a template such as aws-{account_id}-{role}')], default='exact', max_length=16)),
                ('value', models.CharField(help_text='The group or role, exactly as the provider sends it.', max_length=512)),
                ('console', models.BooleanField(default=True, verbose_name='gives the console')),
                ('keys', models.BooleanField(default=True, verbose_name='gives keys')),
                ('enabled', models.BooleanField(default=True)),
                ('expires_at', models.DateTimeField(blank=True, help_text='After that it gives nothing.', null=True)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='MappingTarget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('all', 'all accounts'), ('account', 'one account'), ('unit', 'an organizational unit and those below it'), ('environment', 'an environment'), ('tag', 'a tag')], max_length=16)),
                ('unit', models.CharField(blank=True, max_length=255, validators=[django.core.validators.RegexValidator('^[^/]+(/[^/]+)*\\Z', 'Write units as a path: Workloads/Payments.'), accounts.models.plain_text.plain_path], verbose_name='organizational unit')),
                ('tag_key', models.CharField(blank=True, max_length=128)),
                ('tag_value', models.CharField(blank=True, max_length=256)),
            ],
            options={
                'ordering': ['kind', 'id'],
            },
        ),
        migrations.CreateModel(
            name='OrganizationReading',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('started_at', models.DateTimeField(db_index=True)),
                ('saved_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(blank=True, null=True)),
                ('state', models.JSONField(blank=True, default=dict)),
                ('done', models.PositiveIntegerField(default=0)),
                ('total', models.PositiveIntegerField(default=0)),
                ('step', models.CharField(blank=True, help_text='What is read now, in words.', max_length=64)),
                ('outcome', models.TextField(blank=True, help_text='How it ended, in words.')),
                ('plan', models.UUIDField(blank=True, help_text='The plan that waits for a confirmation.', null=True)),
            ],
            options={
                'ordering': ['-started_at'],
            },
        ),
        migrations.CreateModel(
            name='PermissionSet',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('managed_by', models.CharField(blank=True, default='', editable=False, help_text='The file that manages this row; empty where none does.', max_length=255)),
                ('name', models.CharField(help_text='The name of the IAM role in each account, unless an account role has another one.', max_length=64, unique=True, validators=[django.core.validators.RegexValidator('^[A-Za-z0-9_+=,.@-]{1,64}\\Z', 'A role name has at most 64 letters, digits and _+=,.@- (no spaces).')])),
                ('iam_path', models.CharField(default='/', max_length=512, validators=[django.core.validators.RegexValidator('^/([!-~]+/)?\\Z', 'An IAM path begins and ends with a slash, such as /gatehouse/.')], verbose_name='IAM path')),
                ('description', models.CharField(blank=True, max_length=512)),
                ('session_duration', models.PositiveIntegerField(default=3600, help_text="The longest session, in seconds: 900 to 43200. At least 3600 where programs get keys: AWS's tools renew keys 15 minutes before they expire, shorter ones at each call.", validators=[django.core.validators.MinValueValidator(900), django.core.validators.MaxValueValidator(43200)])),
                ('destination', models.CharField(blank=True, help_text='The page that the console opens: an https address of the AWS console.', max_length=2048, verbose_name='console destination')),
                ('privileged', models.BooleanField(default=False, help_text='Shown apart, with a warning.')),
                ('requires_mfa', models.BooleanField(default=False, help_text='The identity provider must say that the sign-in had one.', verbose_name='asks for a second factor')),
                ('max_sign_in_age', models.PositiveIntegerField(blank=True, help_text='In seconds. Whoever signed in at the identity provider earlier has to do so again.', null=True, validators=[django.core.validators.MinValueValidator(60), django.core.validators.MaxValueValidator(604800)], verbose_name='longest time since the sign-in')),
                ('console', models.BooleanField(default=True, verbose_name='offers the console')),
                ('keys', models.BooleanField(default=True, verbose_name='offers keys')),
                ('session_tags', models.JSONField(blank=True, default=list, help_text='Keys of the session tags that people and programs may set, with any value.', verbose_name='session tags')),
                ('role_policy', models.TextField(blank=True, help_text='JSON. What the IAM roles may do.', verbose_name='inline policy')),
                ('role_policy_arns', models.JSONField(blank=True, default=list, help_text='ARNs of managed policies that the IAM roles have.', verbose_name='managed policies')),
                ('permissions_boundary', models.CharField(blank=True, help_text='The ARN of the managed policy that the IAM roles can never exceed.', max_length=700)),
                ('session_name_claim', models.CharField(blank=True, help_text='The claim that session names begin with; empty: the e-mail address.', max_length=255, verbose_name='claim for the session name')),
                ('source_identity_claim', models.CharField(blank=True, help_text='The claim that the source identity begins with; empty: none is set.', max_length=255, verbose_name='claim for the source identity')),
                ('claim_tags', models.JSONField(blank=True, default=dict, help_text='Keys of session tags, each with the claim that has its value.', verbose_name='tags from claims')),
                ('transitive_tags', models.JSONField(blank=True, default=list, help_text='Which tags from claims stay when a session enters another role.')),
                ('session_policy', models.TextField(blank=True, help_text='JSON. Sessions may do what both the role and this policy allow.')),
                ('session_policy_arns', models.JSONField(blank=True, default=list, help_text='ARNs of managed policies that count like the session policy.', verbose_name='managed session policies')),
                ('read_only_policy', models.TextField(blank=True, help_text='JSON. What a session may do at most if somebody asks for read-only.', verbose_name='read-only policy')),
                ('read_only_policy_arns', models.JSONField(blank=True, default=list, help_text='ARNs of managed policies that count like the read-only policy.', verbose_name='managed read-only policies')),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Placement',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.CharField(blank=True, max_length=12, verbose_name='account')),
                ('account_name', models.CharField(blank=True, max_length=128)),
                ('role_name', models.CharField(blank=True, max_length=128, verbose_name='role')),
                ('policy_of', models.CharField(help_text="The ARN of the role, or the id of the organization's policy.", max_length=2048)),
                ('roles', models.JSONField(blank=True, default=list)),
                ('state', models.CharField(choices=[('pending', 'Pending'), ('placed', 'Placed'), ('failed', 'Failed')], default='pending', max_length=16)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('error_code', models.CharField(blank=True, max_length=64)),
                ('message', models.TextField(blank=True, help_text='Why not, for portal admins.')),
                ('policy_size', models.PositiveIntegerField(blank=True, null=True, verbose_name='characters')),
                ('placed_at', models.DateTimeField(blank=True, null=True)),
            ],
            options={
                'ordering': ['account_name', 'account_id', 'role_name'],
            },
        ),
        migrations.CreateModel(
            name='RegistrationKey',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                ('key', models.CharField(editable=False, max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='Revision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('mark', models.CharField(max_length=32)),
            ],
        ),
        migrations.CreateModel(
            name='Revocation',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('reach', models.CharField(choices=[('role', 'everybody in one role'), ('person', 'one person'), ('person-in-role', 'one person in one role'), ('sign-in', 'one sign-in of a person'), ('elevation', 'one elevation of a person'), ('account', 'everybody in an account'), ('everything', 'everybody in every account')], max_length=16)),
                ('engine', models.CharField(choices=[('roles', 'a policy of each role'), ('organization', 'one policy of the organization')], default='roles', max_length=16)),
                ('what', models.CharField(help_text='In words.', max_length=512)),
                ('issuer', models.CharField(blank=True, max_length=255)),
                ('sub', models.CharField(blank=True, max_length=255)),
                ('person_mark', models.CharField(blank=True, help_text="What the person's session names at AWS end with; empty for everybody.", max_length=16)),
                ('reason', models.CharField(max_length=255)),
                ('requested_by', models.CharField(help_text='Email, name or identifier.', max_length=255)),
                ('requested_at', models.DateTimeField(db_index=True)),
                ('since', models.DateTimeField(help_text='Sessions that began before this moment are cut.')),
            ],
            options={
                'ordering': ['-requested_at'],
            },
        ),
        migrations.CreateModel(
            name='RoleUse',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('account_id', models.CharField(max_length=12)),
                ('role_name', models.CharField(max_length=64)),
                ('last_used_at', models.DateTimeField()),
                ('duration', models.PositiveIntegerField(help_text='Empty if none was ever chosen.', null=True, verbose_name='seconds')),
                ('read_only', models.BooleanField(default=False, help_text='Whether its keys were last asked for read-only.', verbose_name='read-only')),
            ],
            options={
                'ordering': ['-last_used_at'],
            },
        ),
        migrations.CreateModel(
            name='SignIn',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('provider_session', models.CharField(blank=True, db_index=True, help_text="The provider's `sid`.", max_length=255)),
                ('claims', models.JSONField(default=dict)),
                ('acr', models.CharField(blank=True, max_length=255)),
                ('amr', models.JSONField(blank=True, default=list)),
                ('auth_time', models.DateTimeField(blank=True, null=True)),
                ('started_at', models.DateTimeField(db_index=True)),
                ('verified_at', models.DateTimeField(help_text='When the claims were last verified with the provider.')),
                ('verification', models.CharField(choices=[('refresh', 'By a refresh token'), ('userinfo', 'By userinfo'), ('silent', 'By the browser, without a question'), ('none', 'Not until the next sign-in')], default='none', help_text='How the claims are verified again, once they are older than CLAIMS_MAX_AGE.', max_length=16)),
                ('expires_at', models.DateTimeField()),
                ('last_used_at', models.DateTimeField(help_text='When its browser or a command line last asked for something, to the minute.')),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('ended_by', models.CharField(blank=True, choices=[('person', 'The person'), ('admin', 'A portal admin'), ('provider', 'The identity provider')], help_text='Who ended it; empty while it is open, or if it ended by itself.', max_length=16)),
                ('end_reason', models.CharField(blank=True, max_length=64)),
                ('ip', models.CharField(blank=True, max_length=45, verbose_name='IP address')),
                ('user_agent', models.CharField(blank=True, max_length=512)),
                ('encrypted_id_token', models.TextField(blank=True)),
                ('encrypted_refresh_token', models.TextField(blank=True)),
                ('encrypted_access_token', models.TextField(blank=True)),
                ('refreshing_until', models.DateTimeField(blank=True, help_text='While one request of all processes verifies the claims.', null=True)),
            ],
            options={
                'verbose_name': 'sign-in',
                'ordering': ['-started_at'],
            },
        ),
        migrations.CreateModel(
            name='SigningKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveIntegerField(unique=True)),
                ('kid', models.CharField(help_text='The thumbprint of the public key (RFC 7638).', max_length=64, unique=True, verbose_name='key id')),
                ('algorithm', models.CharField(choices=[('RS256', 'RS256'), ('ES256', 'ES256')], max_length=16)),
                ('public_jwk', models.JSONField(help_text='As it is published (RFC 7517).', verbose_name='public key')),
                ('encrypted_private_key', models.TextField(blank=True, editable=False)),
                ('created_at', models.DateTimeField()),
                ('published_at', models.DateTimeField(blank=True, help_text='Since when AWS can read it; empty until manage.py export_issuer has written it, where the documents are published elsewhere.', null=True)),
                ('signs_from', models.DateTimeField(blank=True, help_text='From when it signs; empty for a standby key.', null=True)),
                ('withdrawn_at', models.DateTimeField(blank=True, help_text='When an emergency took it out of use.', null=True)),
            ],
            options={
                'ordering': ['number'],
            },
        ),
        migrations.CreateModel(
            name='SpentToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('expires_at', models.DateTimeField(db_index=True)),
            ],
        ),
        migrations.CreateModel(
            name='Token',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('machine', models.CharField(blank=True, db_index=True, help_text='The machine it acts as; empty for the person who created it.', max_length=63)),
                ('purpose', models.CharField(max_length=128, validators=[accounts.models.plain_text.plain_text])),
                ('digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('permission_sets', models.JSONField(help_text='The names it is limited to; null: not limited.', null=True)),
                ('account_ids', models.JSONField(help_text='The ids it is limited to; null: not limited.', null=True, verbose_name='accounts')),
                ('console', models.BooleanField(default=False, verbose_name='opens the console')),
                ('keys', models.BooleanField(default=False, verbose_name='gets keys')),
                ('read_only', models.BooleanField(default=False, help_text='Keys and consoles come with the read-only policy.', verbose_name='read-only')),
                ('directory', models.BooleanField(default=False, verbose_name='reads the directory')),
                ('audit', models.BooleanField(default=False, verbose_name='reads the audit trail')),
                ('testing', models.BooleanField(default=False, verbose_name='tests roles')),
                ('revoking', models.BooleanField(default=False, verbose_name='cuts live sessions')),
                ('created_at', models.DateTimeField(db_index=True)),
                ('expires_at', models.DateTimeField()),
                ('last_used_at', models.DateTimeField(blank=True, help_text='To the minute.', null=True)),
                ('last_used_ip', models.CharField(blank=True, max_length=45, verbose_name='last used from')),
                ('revoked_at', models.DateTimeField(blank=True, null=True)),
                ('revoked_by', models.CharField(blank=True, max_length=255)),
            ],
            options={
                'ordering': ['-created_at'],
            },
        ),
        migrations.CreateModel(
            name='TrustCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('outcome', models.CharField(choices=[('works', 'Works'), ('broken', 'Broken'), ('unknown', 'Unknown')], max_length=16)),
                ('code', models.CharField(blank=True, help_text='What is wrong, for programs; empty if nothing is.', max_length=64)),
                ('message', models.TextField(blank=True, help_text='What was found, for portal admins.')),
                ('warnings', models.JSONField(blank=True, default=list, help_text='What is not as it should be although the role works.')),
                ('tested_at', models.DateTimeField()),
                ('tested_by', models.CharField(help_text='Email, name or identifier.', max_length=255)),
            ],
        ),
        migrations.CreateModel(
            name='TrustedIssuer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('managed_by', models.CharField(blank=True, default='', editable=False, help_text='The file that manages this row; empty where none does.', max_length=255)),
                ('name', models.CharField(help_text='For people to read.', max_length=128, unique=True, validators=[accounts.models.plain_text.plain_text])),
                ('url', models.CharField(help_text="Exactly as in the tokens' iss, such as https://token.actions.githubusercontent.com.", max_length=255, unique=True, verbose_name='issuer')),
                ('audiences', models.JSONField(help_text="The tokens' aud must be one of these. Do not use an audience of another service.")),
                ('algorithm', models.CharField(choices=[('RS256', 'RS256'), ('RS384', 'RS384'), ('RS512', 'RS512'), ('PS256', 'PS256'), ('PS384', 'PS384'), ('PS512', 'PS512'), ('ES256', 'ES256'), ('ES384', 'ES384'), ('ES512', 'ES512'), ('EdDSA', 'EdDSA'), ('Ed25519', 'Ed25519')], default='RS256', help_text='The only algorithm its tokens may be signed with.', max_length=16)),
                ('enabled', models.BooleanField(default=True)),
            ],
            options={
                'verbose_name': 'trusted issuer',
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='UploadedPlan',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('created_at', models.DateTimeField(db_index=True)),
                ('issuer', models.CharField(max_length=255)),
                ('sub', models.CharField(max_length=255)),
                ('files', models.JSONField(help_text='[name, text] of each file.')),
                ('whole', models.BooleanField(default=False)),
                ('prune', models.BooleanField(default=False)),
                ('manage', models.BooleanField(default=False)),
                ('revision', models.CharField(max_length=32)),
                ('applied_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='Preferences',
            fields=[
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='preferences', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('sign_out_first', models.BooleanField(default=False, help_text='Ends all console sessions of the browser, also those of other accounts.', verbose_name='sign out of the AWS console first')),
                ('slash_searches', models.BooleanField(default=True, help_text='On the start page.', verbose_name='the / key goes to the search')),
                ('profile_pattern', models.CharField(default='{account}_{role}', help_text="The pattern of the names of profiles in AWS's files.", max_length=64, verbose_name='names of profiles')),
                ('language', models.CharField(blank=True, default='', help_text='Of pages, such as de or pt-br. Empty: what the browser asks for.', max_length=16)),
                ('opens_console_at_once', models.BooleanField(default=False, help_text='Without the page that asks, for roles that are not privileged.', verbose_name='shortcuts open the console at once')),
            ],
            options={
                'verbose_name_plural': 'preferences',
            },
        ),
        migrations.AddConstraint(
            model_name='person',
            constraint=models.UniqueConstraint(fields=('issuer', 'sub'), name='person_by_issuer_and_sub'),
        ),
        migrations.AddConstraint(
            model_name='person',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('issuer', ''), _negated=True), models.Q(('sub', ''), _negated=True)), name='person_has_issuer_and_sub'),
        ),
        migrations.AddField(
            model_name='accountrole',
            name='account',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='roles', to='accounts.account'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['-at', '-id'], name='audit_by_time'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['action', '-at', '-id'], name='audit_by_action'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['issuer', 'sub', '-at', '-id'], name='audit_by_person'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(fields=['account_id', '-at', '-id'], name='audit_by_account'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(condition=models.Q(('access_key_id', ''), _negated=True), fields=['access_key_id'], name='audit_by_key'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(condition=models.Q(('request_id', ''), _negated=True), fields=['request_id'], name='audit_by_request'),
        ),
        migrations.AddIndex(
            model_name='auditevent',
            index=models.Index(condition=models.Q(('aws_request_id', ''), _negated=True), fields=['aws_request_id'], name='audit_by_aws_request'),
        ),
        migrations.AddConstraint(
            model_name='block',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(models.Q(('issuer', ''), _negated=True), models.Q(('sub', ''), _negated=True), ('claim', ''), ('value', '')), models.Q(models.Q(('claim', ''), _negated=True), models.Q(('value', ''), _negated=True), ('issuer', ''), ('sub', '')), _connector='OR'), name='block_of_identity_or_claim'),
        ),
        migrations.AddConstraint(
            model_name='block',
            constraint=models.UniqueConstraint(fields=('issuer', 'sub', 'claim', 'value'), name='block_once_for_each'),
        ),
        migrations.AddField(
            model_name='clitoken',
            name='approval',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='accounts.approval'),
        ),
        migrations.AddConstraint(
            model_name='environment',
            constraint=models.CheckConstraint(condition=models.Q(('name__regex', '^[a-z0-9][a-z0-9-]*\\Z')), name='environment_name_is_plain'),
        ),
        migrations.AddConstraint(
            model_name='environment',
            constraint=models.CheckConstraint(condition=models.Q(('label', ''), _negated=True), name='environment_has_a_label'),
        ),
        migrations.AddConstraint(
            model_name='environment',
            constraint=models.CheckConstraint(condition=models.Q(('colour__in', ['red', 'amber', 'green', 'blue', 'violet', 'grey'])), name='environment_colour_is_known'),
        ),
        migrations.AddField(
            model_name='account',
            name='environment',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='accounts', to='accounts.environment'),
        ),
        migrations.AddField(
            model_name='favourite',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='favourites', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(condition=models.Q(('finished_at', None)), fields=['due_at'], name='job_by_due_time'),
        ),
        migrations.AddConstraint(
            model_name='job',
            constraint=models.UniqueConstraint(condition=models.Q(('finished_at', None), models.Q(('key', ''), _negated=True)), fields=('kind', 'key'), name='job_of_a_key_is_unfinished_once'),
        ),
        migrations.AddField(
            model_name='mappingtarget',
            name='account',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to='accounts.account'),
        ),
        migrations.AddField(
            model_name='mappingtarget',
            name='environment',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to='accounts.environment'),
        ),
        migrations.AddField(
            model_name='mappingtarget',
            name='mapping',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='targets', to='accounts.mapping'),
        ),
        migrations.AddConstraint(
            model_name='permissionset',
            constraint=models.CheckConstraint(condition=models.Q(('session_duration__gte', 900), ('session_duration__lte', 43200)), name='permission_set_duration_in_bounds'),
        ),
        migrations.AddConstraint(
            model_name='permissionset',
            constraint=models.CheckConstraint(condition=models.Q(('max_sign_in_age', None), models.Q(('max_sign_in_age__gte', 60), ('max_sign_in_age__lte', 604800)), _connector='OR'), name='permission_set_sign_in_age_in_bounds'),
        ),
        migrations.AddConstraint(
            model_name='permissionset',
            constraint=models.CheckConstraint(condition=models.Q(('iam_path__regex', '^/([!-~]+/)?\\Z')), name='permission_set_path_fits_iam'),
        ),
        migrations.AddConstraint(
            model_name='permissionset',
            constraint=models.CheckConstraint(condition=models.Q(('name__regex', '^[A-Za-z0-9_+=,.@-]{1,64}\\Z')), name='permission_set_name_fits_iam'),
        ),
        migrations.AddField(
            model_name='mapping',
            name='permission_set',
            field=models.ForeignKey(blank=True, help_text='Leave empty only if a template names it with {role}.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='mappings', to='accounts.permissionset'),
        ),
        migrations.AddField(
            model_name='accountrole',
            name='permission_set',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='account_roles', to='accounts.permissionset'),
        ),
        migrations.AddConstraint(
            model_name='registrationkey',
            constraint=models.CheckConstraint(condition=models.Q(('id', 1)), name='registration_key_is_one'),
        ),
        migrations.AddConstraint(
            model_name='registrationkey',
            constraint=models.CheckConstraint(condition=models.Q(('key', ''), _negated=True), name='registration_key_is_not_empty'),
        ),
        migrations.AddConstraint(
            model_name='revocation',
            constraint=models.CheckConstraint(condition=models.Q(('reach__in', ['role', 'person', 'person-in-role', 'sign-in', 'elevation', 'account', 'everything']), ('engine__in', ['roles', 'organization'])), name='revocation_is_of_a_known_kind'),
        ),
        migrations.AddConstraint(
            model_name='revocation',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('person_mark', ''), _negated=True), ('reach__in', ['role', 'account', 'everything']), _connector='OR'), name='revocation_of_a_person_names_one'),
        ),
        migrations.AddField(
            model_name='placement',
            name='revocation',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='placements', to='accounts.revocation'),
        ),
        migrations.AddField(
            model_name='roleuse',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='role_uses', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='signin',
            name='person',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sign_ins', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='approval',
            name='sign_in',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='approvals', to='accounts.signin'),
        ),
        migrations.AddConstraint(
            model_name='signingkey',
            constraint=models.CheckConstraint(condition=models.Q(('kid', ''), _negated=True), name='signing_key_has_an_id'),
        ),
        migrations.AddConstraint(
            model_name='signingkey',
            constraint=models.CheckConstraint(condition=models.Q(('algorithm__in', ['RS256', 'ES256'])), name='signing_key_algorithm_is_known'),
        ),
        migrations.AddConstraint(
            model_name='signingkey',
            constraint=models.CheckConstraint(condition=models.Q(('withdrawn_at', None), ('encrypted_private_key', ''), _connector='XOR'), name='signing_key_is_private_or_withdrawn'),
        ),
        migrations.AddField(
            model_name='token',
            name='created_by',
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='tokens', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='token',
            name='sign_in',
            field=models.ForeignKey(blank=True, help_text='The sign-in in which it was created.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='tokens', to='accounts.signin'),
        ),
        migrations.AddField(
            model_name='trustcheck',
            name='account_role',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='trust_check', to='accounts.accountrole'),
        ),
        migrations.AddConstraint(
            model_name='trustedissuer',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('name', ''), _negated=True), models.Q(('url', ''), _negated=True)), name='trusted_issuer_is_not_empty'),
        ),
        migrations.AddConstraint(
            model_name='trustedissuer',
            constraint=models.CheckConstraint(condition=models.Q(('algorithm__in', ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'])), name='trusted_issuer_algorithm_is_known'),
        ),
        migrations.AddField(
            model_name='mapping',
            name='issuer',
            field=models.ForeignKey(blank=True, db_index=False, help_text='Empty: for people. Otherwise only for the workloads of this issuer.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='mappings', to='accounts.trustedissuer'),
        ),
        migrations.AddConstraint(
            model_name='clitoken',
            constraint=models.CheckConstraint(condition=models.Q(('digest', ''), _negated=True), name='cli_token_has_a_digest'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('account_id__regex', '^[0-9]{12}\\Z')), name='account_id_has_12_digits'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('partition__in', ['aws', 'aws-us-gov', 'aws-cn', 'aws-eusc'])), name='account_partition_is_known'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('trust_method__in', ['hub', 'user-token', 'portal-token', 'switch-role'])), name='account_trust_method_is_known'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='account_has_a_name'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('organizational_unit', ''), ('organizational_unit__regex', '^[^/]+(/[^/]+)*\\Z'), _connector='OR'), name='account_unit_is_a_path'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('region', ''), ('region__regex', '^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}\\Z'), _connector='OR'), name='account_region_is_one'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('external_id', ''), ('external_id__regex', '^[A-Za-z0-9_+=,.@:/-]{2,}\\Z'), _connector='OR'), name='account_external_id_fits_sts'),
        ),
        migrations.AddConstraint(
            model_name='favourite',
            constraint=models.UniqueConstraint(fields=('person', 'account_id', 'role_name'), name='favourite_once_per_person'),
        ),
        migrations.AddConstraint(
            model_name='mappingtarget',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('account', None), ('environment', None), ('kind', 'all'), ('tag_key', ''), ('tag_value', ''), ('unit', '')), models.Q(('account__isnull', False), ('environment', None), ('kind', 'account'), ('tag_key', ''), ('tag_value', ''), ('unit', '')), models.Q(('account', None), ('environment__isnull', False), ('kind', 'environment'), ('tag_key', ''), ('tag_value', ''), ('unit', '')), models.Q(('account', None), ('environment', None), ('kind', 'unit'), ('tag_key', ''), ('tag_value', ''), models.Q(('unit', ''), _negated=True)), models.Q(('account', None), ('environment', None), ('kind', 'tag'), ('unit', ''), models.Q(('tag_key', ''), _negated=True)), _connector='OR'), name='mapping_target_names_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='mappingtarget',
            constraint=models.CheckConstraint(condition=models.Q(('unit', ''), ('unit__regex', '^[^/]+(/[^/]+)*\\Z'), _connector='OR'), name='mapping_target_unit_is_a_path'),
        ),
        migrations.AddConstraint(
            model_name='accountrole',
            constraint=models.UniqueConstraint(fields=('account', 'permission_set'), name='permission_set_once_per_account'),
        ),
        migrations.AddConstraint(
            model_name='accountrole',
            constraint=models.CheckConstraint(condition=models.Q(('iam_role_name', ''), ('iam_role_name__regex', '^[A-Za-z0-9_+=,.@-]{1,64}\\Z'), _connector='OR'), name='account_role_name_fits_iam'),
        ),
        migrations.AddIndex(
            model_name='placement',
            index=models.Index(fields=['policy_of'], name='placement_by_policy'),
        ),
        migrations.AddConstraint(
            model_name='placement',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['pending', 'placed', 'failed'])), name='placement_state_is_known'),
        ),
        migrations.AddConstraint(
            model_name='placement',
            constraint=models.UniqueConstraint(fields=('revocation', 'policy_of'), name='placement_once_per_policy'),
        ),
        migrations.AddIndex(
            model_name='roleuse',
            index=models.Index(fields=['person', '-last_used_at'], name='role_use_by_person'),
        ),
        migrations.AddConstraint(
            model_name='roleuse',
            constraint=models.UniqueConstraint(fields=('person', 'account_id', 'role_name'), name='role_use_once_per_person'),
        ),
        migrations.AddIndex(
            model_name='signin',
            index=models.Index(fields=['person', '-started_at'], name='signin_by_person'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.UniqueConstraint(condition=models.Q(('user_code', ''), _negated=True), fields=('user_code',), name='approval_by_user_code'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(('digest', ''), _negated=True), name='approval_has_a_digest'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(('approved_at', None), ('sign_in__isnull', False), _connector='OR'), name='approval_by_somebody_signed_in'),
        ),
        migrations.AddConstraint(
            model_name='approval',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('flow', 'browser'), _negated=True), models.Q(('code_challenge', ''), _negated=True), _connector='OR'), name='approval_in_the_browser_has_a_challenge'),
        ),
        migrations.AddIndex(
            model_name='token',
            index=models.Index(fields=['created_by', '-created_at'], name='token_by_person'),
        ),
        migrations.AddConstraint(
            model_name='token',
            constraint=models.CheckConstraint(condition=models.Q(('purpose', ''), _negated=True), name='token_has_a_purpose'),
        ),
        migrations.AddConstraint(
            model_name='token',
            constraint=models.CheckConstraint(condition=models.Q(('digest', ''), _negated=True), name='token_has_a_digest'),
        ),
        migrations.AddConstraint(
            model_name='token',
            constraint=models.CheckConstraint(condition=models.Q(('expires_at__gt', models.F('created_at'))), name='token_expires'),
        ),
        migrations.AddConstraint(
            model_name='token',
            constraint=models.CheckConstraint(condition=models.Q(('console', True), ('keys', True), ('directory', True), ('audit', True), ('testing', True), ('revoking', True), _connector='OR'), name='token_is_for_something'),
        ),
        migrations.AddConstraint(
            model_name='token',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('machine', ''), _negated=True), models.Q(('audit', False), ('directory', False), ('revoking', False), ('testing', False)), _connector='OR'), name='token_of_a_person_administers_nothing'),
        ),
        migrations.AddConstraint(
            model_name='trustcheck',
            constraint=models.CheckConstraint(condition=models.Q(('outcome__in', ['works', 'broken', 'unknown'])), name='trust_check_outcome_is_known'),
        ),
        migrations.AddIndex(
            model_name='mapping',
            index=models.Index(fields=['issuer', 'match', 'claim', 'value'], name='mapping_by_value'),
        ),
        migrations.AddIndex(
            model_name='mapping',
            index=models.Index(condition=models.Q(('split__gt', '')), fields=['issuer', 'claim'], name='mapping_that_splits'),
        ),
        migrations.AddIndex(
            model_name='mapping',
            index=models.Index(fields=['issuer', 'enabled', 'claim', 'expires_at'], name='mapping_in_use'),
        ),
        migrations.AddConstraint(
            model_name='mapping',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('claim', ''), _negated=True), models.Q(('value', ''), _negated=True), models.Q(('name', ''), _negated=True)), name='mapping_is_not_empty'),
        ),
        migrations.AddConstraint(
            model_name='mapping',
            constraint=models.CheckConstraint(condition=models.Q(('match__in', ['exact', 'wildcard', 'template'])), name='mapping_match_is_known'),
        ),
        migrations.AddConstraint(
            model_name='mapping',
            constraint=models.CheckConstraint(condition=models.Q(('split__in', ['', ';', ',', '|', ' '])), name='mapping_split_is_known'),
        ),
        migrations.AddConstraint(
            model_name='mapping',
            constraint=models.CheckConstraint(condition=models.Q(('permission_set__isnull', False), models.Q(('match', 'template'), ('value__contains', '{role}')), _connector='OR'), name='mapping_has_a_permission_set'),
        ),
        migrations.RunPython(_on_postgresql(REFUSE), _on_postgresql(ALLOW)),
    ]
