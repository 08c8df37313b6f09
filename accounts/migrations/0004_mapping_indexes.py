"""Find mappings by their value, and the claims in use, through indexes that begin with the issuer."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_more_constraints'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='mapping',
            name='mapping_by_value',
        ),
        migrations.AlterField(
            model_name='mapping',
            name='issuer',
            field=models.ForeignKey(blank=True, db_index=False, help_text='Left empty, it is for people. Else for the workloads of this issuer, and for nobody else.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='mappings', to='accounts.trustedissuer'),
        ),
        migrations.AddIndex(
            model_name='mapping',
            index=models.Index(fields=['issuer', 'match', 'claim', 'value'], name='mapping_by_value'),
        ),
        migrations.AddIndex(
            model_name='mapping',
            index=models.Index(fields=['issuer', 'enabled', 'claim', 'expires_at'], name='mapping_in_use'),
        ),
    ]
