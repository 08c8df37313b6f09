"""The tables refuse by themselves what would change an ARN or mean nothing."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_audit_append_only'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='permissionset',
            name='permission_set_path_has_slashes',
        ),
        migrations.RemoveConstraint(
            model_name='permissionset',
            name='permission_set_has_a_name',
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('organizational_unit', ''), ('organizational_unit__regex', '^[^/]+(/[^/]+)*\\Z'), _connector='OR'), name='account_unit_is_a_path'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('region', ''), ('region__regex', '^[a-z]{2}(-[a-z]+)+-[0-9]\\Z'), _connector='OR'), name='account_region_is_one'),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('external_id', ''), ('external_id__regex', '^[A-Za-z0-9_+=,.@:/-]{2,}\\Z'), _connector='OR'), name='account_external_id_fits_sts'),
        ),
        migrations.AddConstraint(
            model_name='accountrole',
            constraint=models.CheckConstraint(condition=models.Q(('iam_role_name', ''), ('iam_role_name__regex', '^[A-Za-z0-9_+=,.@-]{1,64}\\Z'), _connector='OR'), name='account_role_name_fits_iam'),
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
        migrations.AddConstraint(
            model_name='mappingtarget',
            constraint=models.CheckConstraint(condition=models.Q(('unit', ''), ('unit__regex', '^[^/]+(/[^/]+)*\\Z'), _connector='OR'), name='mapping_target_unit_is_a_path'),
        ),
        migrations.AddConstraint(
            model_name='permissionset',
            constraint=models.CheckConstraint(condition=models.Q(('iam_path__regex', '^/([!-~]+/)?\\Z')), name='permission_set_path_fits_iam'),
        ),
        migrations.AddConstraint(
            model_name='permissionset',
            constraint=models.CheckConstraint(condition=models.Q(('name__regex', '^[A-Za-z0-9_+=,.@-]{1,64}\\Z')), name='permission_set_name_fits_iam'),
        ),
        migrations.AddConstraint(
            model_name='trustedissuer',
            constraint=models.CheckConstraint(condition=models.Q(('algorithm__in', ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'])), name='trusted_issuer_algorithm_is_known'),
        ),
    ]
